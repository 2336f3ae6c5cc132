// The places at which requests run. Beyond them requests wait in the order in which they came, as vLLM's do.
//
// Any thread: one mutex, held for a few instructions. A waiter is resumed on its own loop.
#pragma once

#include <coroutine>
#include <cstddef>
#include <list>
#include <mutex>

#include "base/cancel_signal.hpp"
#include "ports/loop.hpp"

namespace obleth::mock {

class Slots {
 public:
  class Turn;

  explicit Slots(std::size_t count) : count_(count) {}  // 0 = unlimited
  void release();
  [[nodiscard]] std::size_t running() const;
  [[nodiscard]] std::size_t waiting() const;

 private:
  friend class Turn;
  bool take_if_free();

  const std::size_t count_;
  mutable std::mutex mutex_;
  std::size_t running_ = 0;
  std::list<Turn*> queue_;
};

// co_await Slots::Turn(slots, loop, signal): true when a slot was taken, false when the signal fired first.
class Slots::Turn final : private CancelSignal::Listener {
 public:
  Turn(Slots& slots, ports::Loop& loop, CancelSignal& signal) : slots_(slots), loop_(loop), signal_(signal) {}
  ~Turn();
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  [[nodiscard]] bool await_ready();
  [[nodiscard]] bool await_suspend(std::coroutine_handle<> waiting);
  [[nodiscard]] bool await_resume();

 private:
  friend class Slots;
  void cancelled() override;
  bool leave_queue();

  Slots& slots_;
  ports::Loop& loop_;
  CancelSignal& signal_;
  std::coroutine_handle<> waiting_;
  std::list<Turn*>::iterator place_;
  bool queued_ = false;   // under the mutex of slots_
  bool granted_ = false;  // under the mutex of slots_, then read by the resumed coroutine
};

// Gives the slot back at the end of the scope.
class HeldSlot {
 public:
  explicit HeldSlot(Slots& slots) : slots_(slots) {}
  ~HeldSlot() { slots_.release(); }
  HeldSlot(const HeldSlot&) = delete;
  HeldSlot& operator=(const HeldSlot&) = delete;

 private:
  Slots& slots_;
};

}  // namespace obleth::mock
