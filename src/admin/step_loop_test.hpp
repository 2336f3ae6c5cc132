// A loop that a test turns by hand, with a clock of its own. Thread: the test's.
#pragma once

#include <algorithm>
#include <deque>
#include <vector>

#include "ports/loop.hpp"

namespace obleth::admin {

class StepLoop final : public ports::Loop {
 public:
  StepLoop() { set_current(this); }
  ~StepLoop() override { set_current(nullptr); }

  [[nodiscard]] Instant now() const override { return now_; }
  Instant refresh_now() override { return now_; }
  [[nodiscard]] WallTime wall_now() const override { return WallTime{whole_ms(now_.since_start())}; }
  void post(std::coroutine_handle<> resume_here) override { posted_.push_back(resume_here); }
  void arm(ports::Timer& timer, Instant due) override {
    disarm(timer);
    timer.due = due;
    timers_.push_back(&timer);
  }
  void disarm(ports::Timer& timer) override { std::erase(timers_, &timer); }

  // Runs what was posted, then the timers that are due after this time has passed.
  void turn(Duration passes = Duration{0}) {
    now_ = now_ + passes;
    while (!posted_.empty()) {
      const auto next = posted_.front();
      posted_.pop_front();
      next.resume();
    }
    const std::vector<ports::Timer*> armed = timers_;
    for (ports::Timer* timer : armed) {
      // One that is gone may be looked up, not looked into.
      if (std::ranges::find(timers_, timer) == timers_.end() || timer->due > now_) continue;
      disarm(*timer);
      timer->expired();
    }
  }
  [[nodiscard]] std::size_t timers() const { return timers_.size(); }

 private:
  Instant now_{std::chrono::seconds(1)};
  std::deque<std::coroutine_handle<>> posted_;
  std::vector<ports::Timer*> timers_;
};

}  // namespace obleth::admin
