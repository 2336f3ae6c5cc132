// One coroutine waits on its own loop for something that another thread does.
//
//   const auto handover = std::make_shared<Handover>(loop);     // on the loop's thread
//   give(handover) … the other thread, once: Handover::wake(handover);
//   co_await handover->awaited();
//
// The waiter may be destroyed while it waits: the wake-up then finds nobody and does nothing. The wake-up comes in a
// later turn of the loop, so it is never lost when it is given before the await.
// Thread: wake() from any thread, everything else on the loop's own.
#pragma once

#include <coroutine>
#include <memory>
#include <utility>

#include "base/task.hpp"
#include "ports/loop.hpp"
#include "ports/spawn_on.hpp"

namespace obleth::ports {

class Handover {
 public:
  explicit Handover(Loop& loop) : loop_(loop) {}
  Handover(const Handover&) = delete;
  Handover& operator=(const Handover&) = delete;

  // The awaitable lives in the waiter's frame: its destructor is how the waiter's end is noticed.
  class Awaited {
   public:
    explicit Awaited(Handover& handover) : handover_(handover) {}
    Awaited(const Awaited&) = delete;
    Awaited& operator=(const Awaited&) = delete;
    ~Awaited() { handover_.waiter_ = nullptr; }
    [[nodiscard]] bool await_ready() const noexcept { return handover_.woken_; }
    void await_suspend(std::coroutine_handle<> waiter) noexcept { handover_.waiter_ = waiter; }
    void await_resume() const noexcept {}

   private:
    Handover& handover_;
  };
  [[nodiscard]] Awaited awaited() { return Awaited(*this); }

  static void wake(std::shared_ptr<Handover> handover) {
    Loop& loop = handover->loop_;
    spawn_on(loop, arrive(std::move(handover)));
  }

 private:
  static Task<void> arrive(std::shared_ptr<Handover> handover) {
    handover->woken_ = true;
    const auto waiter = std::exchange(handover->waiter_, nullptr);
    if (waiter) waiter.resume();
    co_return;
  }

  Loop& loop_;
  std::coroutine_handle<> waiter_;
  bool woken_ = false;
};

}  // namespace obleth::ports
