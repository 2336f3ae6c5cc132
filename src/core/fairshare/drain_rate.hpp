// How fast a pool or a model works: settled cost per second, an exponential mean over 10 s, in integers.
//
// While nothing waits for it, what is done only says how much was asked for: it may show that the pool is faster than
// believed, and never that it is slower. So a burst after a quiet start is no reason to expect long waits: the first
// second in which work waits tells what can be done. Thread: that of the engine.
#pragma once

#include <cstdint>

#include "base/instant.hpp"

namespace obleth::fairshare {

class DrainRate {
 public:
  explicit DrainRate(Instant start = {}) : window_start_(start), advanced_at_(start) {}
  // To be called before saturated changes, and to learn of what was counted. saturated: since the last call work has
  // waited for nothing but this pool or model, which ran all that it may.
  void advance(Instant now, bool saturated);
  void count(std::int64_t cost) { in_window_ += cost; }
  // Milli-tokens per second; 0: not known.
  [[nodiscard]] std::int64_t per_second() const { return per_second_; }
  // Work has waited for long enough to see what can be done; until then per_second is a lower bound.
  [[nodiscard]] bool is_measured() const { return saturated_windows_ >= windows_to_measure; }

 private:
  static constexpr std::int64_t windows_to_measure = 4;  // 1 s

  Instant window_start_;
  std::int64_t in_window_ = 0;
  std::int64_t per_second_ = 0;         // what can be done
  std::int64_t done_per_second_ = 0;    // what was, whether anything waited or not
  std::int64_t saturated_windows_ = 0;  // as many as the mean is over
  Instant advanced_at_;
  Duration slack_{0};  // time of this window in which nothing waited
};

}  // namespace obleth::fairshare
