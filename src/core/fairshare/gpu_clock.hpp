// The time of one model's accelerators, divided among the requests that run on it at each moment.
//
// The reading grows by dt / requests in flight. A request's GPU time is the reading at its end less that at its start;
// the nanoseconds that do not divide wait for the next change, so the shares of all requests add up to the busy time
// exactly. Thread: that of the engine.
#pragma once

#include <cstdint>

#include "base/instant.hpp"

namespace obleth::fairshare {

class GpuClock {
 public:
  // To be called before the number of running requests changes.
  void advance(Instant now, std::uint32_t running) {
    const Duration elapsed = now - last_;
    last_ = now;
    if (running == 0) return;
    busy_ += elapsed;
    const std::int64_t to_divide = elapsed.count() + undivided_ns_;
    reading_ += Duration(to_divide / running);
    undivided_ns_ = to_divide % running;
  }
  [[nodiscard]] Duration reading() const { return reading_; }
  // Up to now, without changing anything.
  [[nodiscard]] Duration busy(Instant now, std::uint32_t running) const {
    return running == 0 ? busy_ : busy_ + (now - last_);
  }

 private:
  Instant last_;
  Duration reading_{0};
  Duration busy_{0};
  std::int64_t undivided_ns_ = 0;
};

}  // namespace obleth::fairshare
