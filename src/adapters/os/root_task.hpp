// A coroutine that its owner starts and keeps: it runs at once, and destroying the owner's handle ends it wherever it
// waits. For the one coroutine at the root of a connection; everything below it is a Task. Thread: its loop's.
#pragma once

#include <coroutine>
#include <exception>
#include <utility>

namespace obleth::adapters {

class [[nodiscard]] RootTask {
 public:
  struct promise_type {
    RootTask get_return_object() noexcept { return RootTask(std::coroutine_handle<promise_type>::from_promise(*this)); }
    [[nodiscard]] std::suspend_never initial_suspend() const noexcept { return {}; }
    [[nodiscard]] std::suspend_always final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }
  };

  RootTask() = default;
  RootTask(RootTask&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  RootTask& operator=(RootTask&& other) noexcept {
    if (this != &other) {
      end();
      frame_ = std::exchange(other.frame_, nullptr);
    }
    return *this;
  }
  ~RootTask() { end(); }

 private:
  explicit RootTask(std::coroutine_handle<promise_type> frame) : frame_(frame) {}
  void end() {
    if (frame_) std::exchange(frame_, nullptr).destroy();
  }
  std::coroutine_handle<promise_type> frame_;
};

}  // namespace obleth::adapters
