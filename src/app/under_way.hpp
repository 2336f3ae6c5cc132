// What runs at the moment, for whoever waits until none of it does. One loop's thread.
#pragma once

#include "base/cancel_signal.hpp"
#include "base/instant.hpp"
#include "base/task.hpp"
#include "ports/loop.hpp"

namespace obleth::app {

class UnderWay {
 public:
  // One more runs, as long as this stands.
  class One {
   public:
    explicit One(UnderWay& all) : all_(all) { ++all_.count_; }
    One(const One&) = delete;
    One& operator=(const One&) = delete;
    ~One() {
      if (--all_.count_ > 0) return;
      all_.none_left_.fire();
      all_.none_left_.rearm();
    }

   private:
    UnderWay& all_;
  };

  // Ends when none of it runs any more, or when that time is over.
  [[nodiscard]] Task<void> ended(ports::Loop& loop, Duration at_most) {
    if (count_ == 0) co_return;
    const bool late = co_await ports::Pause(loop, loop.now() + at_most, &none_left_);
    static_cast<void>(late);
  }

 private:
  int count_ = 0;
  CancelSignal none_left_;
};

}  // namespace obleth::app
