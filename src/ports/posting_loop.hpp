// A loop for tests: runs what is posted to it, on the thread that turns it. It has no timers and its clock stands.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "base/ensure.hpp"
#include "base/task.hpp"
#include "ports/loop.hpp"

namespace obleth::ports {

class PostingLoop final : public Loop {
 public:
  [[nodiscard]] Instant now() const override { return Instant(); }
  Instant refresh_now() override { return Instant(); }
  [[nodiscard]] WallTime wall_now() const override { return WallTime(); }
  void arm(Timer&, Instant) override { ensure(false, "a PostingLoop has no timers"); }
  void disarm(Timer&) override {}

  void post(std::coroutine_handle<> resume_here) override {
    const std::lock_guard lock(mutex_);
    posted_.push_back(resume_here);
    arrived_.notify_one();
  }

  // Turns until the task has ended, on the calling thread, whose loop this is meanwhile.
  template <class T>
  T run(Task<T> task) {
    std::optional<T> answer;
    begin(answer_into(answer, std::move(task)));
    while (!answer)
      turn_once();
    return std::move(*answer);
  }

  // For tests that step by hand: begin() runs to the first suspension, turn_once() waits for one post.
  void begin(Task<void> task) {
    Loop* const before = Loop::current();
    Loop::set_current(this);
    spawn(std::move(task));
    Loop::set_current(before);
  }
  void turn_once() {
    const auto next = await_post();
    Loop* const before = Loop::current();
    Loop::set_current(this);
    next.resume();
    Loop::set_current(before);
  }

 private:
  template <class T>
  static Task<void> answer_into(std::optional<T>& answer, Task<T> task) {
    T value = co_await task;
    answer.emplace(std::move(value));
  }
  std::coroutine_handle<> await_post() {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [this] { return !posted_.empty(); });
    const auto next = posted_.front();
    posted_.pop_front();
    return next;
  }

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::coroutine_handle<>> posted_;
};

}  // namespace obleth::ports
