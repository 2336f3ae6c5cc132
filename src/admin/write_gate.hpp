// One write at a time: a change reads the record, changes what it names and commits, and nothing comes between.
//
// Turns are given in the order of arrival. Thread: any; a waiter resumes on its own loop.
#pragma once

#include <coroutine>
#include <deque>
#include <mutex>

#include "ports/loop.hpp"

namespace obleth::admin {

class WriteGate {
 public:
  // Held while the write goes on; given back by the destructor.
  class Turn {
   public:
    explicit Turn(WriteGate& gate) : gate_(&gate) {}
    Turn(Turn&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (gate_ != nullptr) gate_->leave();
    }

   private:
    WriteGate* gate_;
  };

  // co_await gate.enter(): the turn.
  class Entry {
   public:
    explicit Entry(WriteGate& gate) : gate_(gate) {}
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    [[nodiscard]] bool await_suspend(std::coroutine_handle<> waiting) { return gate_.wait(waiting); }
    [[nodiscard]] Turn await_resume() const noexcept { return Turn(gate_); }

   private:
    WriteGate& gate_;
  };
  [[nodiscard]] Entry enter() { return Entry(*this); }

 private:
  struct Waiter {
    std::coroutine_handle<> waiting;
    ports::Loop* loop;
  };

  // False: the turn is the caller's at once.
  bool wait(std::coroutine_handle<> waiting);
  void leave();

  std::mutex mutex_;
  bool taken_ = false;         // under mutex_
  std::deque<Waiter> queue_;   // under mutex_; bounded by the listener's connections
};

}  // namespace obleth::admin
