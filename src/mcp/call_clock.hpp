// Calls an exchange with a server off: when the client leaves, when an answer that is no stream stands still, or when
// the gateway drains and nobody is owed what it waits for.
//
// One exchange; the connection's thread. Does not move: awaitables listen to its signal.
#pragma once

#include "base/cancel_signal.hpp"
#include "base/instant.hpp"
#include "ports/loop.hpp"

namespace obleth::mcp {

class CallClock final : private ports::Timer, private CancelSignal::Listener {
 public:
  CallClock(ports::Loop& loop, CancelSignal& departure, Duration patience) : loop_(loop), patience_(patience) {
    if (departure.fired()) {
      signal_.fire();
    } else {
      departure.attach(*this);
    }
  }
  ~CallClock() { loop_.disarm(*this); }
  CallClock(const CallClock&) = delete;
  CallClock& operator=(const CallClock&) = delete;

  [[nodiscard]] CancelSignal& signal() { return signal_; }
  // From now on the next bytes are waited for no longer than the patience lasts.
  void watch() { loop_.arm(*this, loop_.now() + patience_); }
  void rest() { loop_.disarm(*this); }
  [[nodiscard]] bool ran_out() const { return ran_out_; }
  // From now on it ends when that fires, too, or at once where it has.
  void end_with(CancelSignal& draining) {
    if (draining.fired()) return drained_.cancelled();
    draining.attach(drained_);
  }
  void end_no_more() { CancelSignal::detach(drained_); }
  [[nodiscard]] bool is_drained() const { return drained_.was_told; }

 private:
  struct Drained final : CancelSignal::Listener {
    explicit Drained(CancelSignal& to_fire) : signal(to_fire) {}
    void cancelled() override {
      was_told = true;
      if (!signal.fired()) signal.fire();
    }
    CancelSignal& signal;
    bool was_told = false;
  };

  void expired() override {
    ran_out_ = true;
    signal_.fire();
  }
  void cancelled() override { signal_.fire(); }

  ports::Loop& loop_;
  const Duration patience_;
  CancelSignal signal_;
  bool ran_out_ = false;
  Drained drained_{signal_};
};

}  // namespace obleth::mcp
