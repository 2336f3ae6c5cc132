// C*: the largest request of the last 10 minutes. Forgets by whole minutes, once they are 10 minutes past, so that the
// debt cap is never less than it should be: less than C* would let the gap grow. Thread: that of the engine.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/instant.hpp"

namespace obleth::fairshare {

class LargestCost {
 public:
  void see(std::int64_t cost, Instant now) {
    forget(now);
    std::int64_t& minute = minutes_[static_cast<std::size_t>(minute_ % window_minutes)];
    minute = std::max(minute, cost);
    largest_ = std::max(largest_, cost);
  }
  void forget(Instant now) {
    const std::int64_t minute = std::chrono::duration_cast<std::chrono::minutes>(now.since_start()).count();
    if (minute == minute_) return;
    const std::int64_t passed = std::min(minute - minute_, window_minutes);
    for (std::int64_t i = 0; i < passed; ++i)
      minutes_[static_cast<std::size_t>((minute - i) % window_minutes)] = 0;
    minute_ = minute;
    largest_ = *std::ranges::max_element(minutes_);
  }
  // Milli-tokens; 0 when no request was seen.
  [[nodiscard]] std::int64_t value() const { return largest_; }

 private:
  static constexpr std::int64_t window_minutes = 11;  // the one that runs, and ten whole ones
  std::array<std::int64_t, window_minutes> minutes_{};
  std::int64_t minute_ = 0;
  std::int64_t largest_ = 0;
};

}  // namespace obleth::fairshare
