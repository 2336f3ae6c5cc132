// One deadline over a whole exchange with an upstream, however the answer drips: its signal calls the exchange off when
// the time is over, and when the client leaves.
//
// One call; its thread. Does not move: awaitables listen to its signal, and resume their coroutine in a later turn, so
// that it outlives what it fires.
#pragma once

#include <chrono>
#include <string>

#include "base/cancel_signal.hpp"
#include "base/error.hpp"
#include "base/instant.hpp"
#include "ports/loop.hpp"

namespace obleth::admin {

class ExchangeDeadline final : private ports::Timer, private CancelSignal::Listener {
 public:
  // Null departure: nobody can leave. On a thread without a loop nothing waits, so no time passes.
  ExchangeDeadline(CancelSignal* departure, std::chrono::seconds time) : loop_(ports::Loop::current()), time_(time) {
    if (loop_ != nullptr) loop_->arm(*this, loop_->now() + time);
    if (departure == nullptr) return;
    if (departure->fired())
      signal_.fire();
    else
      departure->attach(*this);
  }
  ~ExchangeDeadline() {
    if (loop_ != nullptr) loop_->disarm(*this);
  }

  [[nodiscard]] CancelSignal& signal() { return signal_; }
  // What to tell of a fault that ended the exchange.
  [[nodiscard]] std::string told(const Fault& fault) const {
    if (!is_over_ || fault.kind != FaultKind::cancelled) return fault.message;
    return "It was not done after " + std::to_string(time_.count()) + " seconds.";
  }

 private:
  void expired() override {
    is_over_ = true;
    signal_.fire();
  }
  void cancelled() override { signal_.fire(); }

  ports::Loop* loop_;
  std::chrono::seconds time_;
  CancelSignal signal_;
  bool is_over_ = false;
};

}  // namespace obleth::admin
