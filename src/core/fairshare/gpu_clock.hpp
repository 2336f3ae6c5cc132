// The time of one model's accelerators, divided among the requests that run on it at each moment.
//
// While requests run, the reading grows by dt x GPUs / requests in flight. A request's GPU time is the reading at its
// end less that at its start; the nanoseconds that do not divide wait for the next change, and the last one to run
// takes what is left, so the shares of all requests add up to the busy time exactly. Thread: that of the engine.
#pragma once

#include <cstdint>

#include "base/instant.hpp"

namespace obleth::fairshare {

class GpuClock {
 public:
  // To be called before the number of running requests or of GPUs changes.
  void advance(Instant now, std::uint32_t running) {
    const Duration worked = (now - last_) * gpus_;
    last_ = now;
    if (running == 0) return;
    busy_ += worked;
    const std::int64_t to_divide = worked.count() + undivided_ns_;
    reading_ += Duration(to_divide / running);
    undivided_ns_ = to_divide % running;
  }
  void set_gpus(std::uint32_t gpus) { gpus_ = gpus; }

  [[nodiscard]] Duration reading() const { return reading_; }
  // Up to now, without changing anything; of all GPUs together.
  [[nodiscard]] Duration busy(Instant now, std::uint32_t running) const {
    return running == 0 ? busy_ : busy_ + (now - last_) * gpus_;
  }

  // A finished request's share in whole milliseconds, as rows and counters keep it. What is less than one is carried to
  // the next request, so that they, too, add up to the busy time.
  [[nodiscard]] std::int64_t bill_ms(Duration share) {
    unbilled_ += share;
    const std::int64_t ms = whole_ms(unbilled_);
    unbilled_ -= std::chrono::milliseconds(ms);
    return ms;
  }

 private:
  Instant last_;
  Duration reading_{0};
  Duration busy_{0};
  Duration unbilled_{0};
  std::int64_t undivided_ns_ = 0;
  std::uint32_t gpus_ = 1;
};

}  // namespace obleth::fairshare
