// A loop whose time passes only when a test says so. For tests.
#pragma once

#include <algorithm>
#include <coroutine>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

#include "ports/loop.hpp"

namespace obleth::mock {

class FakeLoop final : public ports::Loop {
 public:
  FakeLoop() { set_current(this); }
  ~FakeLoop() override { set_current(nullptr); }

  [[nodiscard]] Instant now() const override { return now_; }
  Instant refresh_now() override { return now_; }
  [[nodiscard]] WallTime wall_now() const override { return {1'700'000'000'000 + whole_ms(now_.since_start())}; }
  void post(std::coroutine_handle<> resume_here) override {
    const std::scoped_lock lock(mutex_);
    posted_.push_back(resume_here);
  }
  void arm(ports::Timer& timer, Instant due) override {
    disarm(timer);
    timer.due = due;
    timer.heap_position = 1;
    armed_.push_back(&timer);
  }
  void disarm(ports::Timer& timer) override {
    timer.heap_position = 0;
    std::erase(armed_, &timer);
  }

  void run_posted() {
    while (const std::coroutine_handle<> next = take_posted())
      next.resume();
  }
  // Everything that is due until then, in order.
  void advance(Duration span) {
    const Instant until = now_ + span;
    run_posted();
    while (!armed_.empty()) {
      ports::Timer* next = *std::ranges::min_element(armed_, {}, &ports::Timer::due);
      if (next->due > until) break;
      now_ = std::max(now_, next->due);
      disarm(*next);
      next->expired();
      run_posted();
    }
    now_ = until;
  }

 private:
  std::coroutine_handle<> take_posted() {
    const std::scoped_lock lock(mutex_);
    if (posted_.empty()) return nullptr;
    const std::coroutine_handle<> next = posted_.front();
    posted_.pop_front();
    return next;
  }

  Instant now_{std::chrono::seconds(1000)};
  std::mutex mutex_;  // guards posted_
  std::deque<std::coroutine_handle<>> posted_;
  std::vector<ports::Timer*> armed_;
};

}  // namespace obleth::mock
