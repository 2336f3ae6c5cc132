// Starts a task on another thread's loop, in a later turn. Nobody awaits it; it must not throw.
//
// Any thread. The loop must still turn once, or the task is never run nor freed.
#pragma once

#include <coroutine>
#include <exception>
#include <utility>

#include "base/task.hpp"
#include "ports/loop.hpp"

namespace obleth::ports {

namespace detail {

// A coroutine that owns itself and stands still until its handle is resumed.
struct Parcel {
  struct promise_type {
    Parcel get_return_object() noexcept { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }
    [[nodiscard]] std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }
  };
  std::coroutine_handle<> frame;
};

inline Parcel parcel_of(Task<void> task) {
  co_await task;
}

}  // namespace detail

inline void spawn_on(Loop& loop, Task<void> task) {
  loop.post(detail::parcel_of(std::move(task)).frame);
}

}  // namespace obleth::ports
