// Keeps retries from becoming the load: at most one retry for every ten requests, over all models together.
//
// A reserve of a few retries lets a quiet gateway retry at all. Pure; guarded by its owner.
// Source: Finagle's retry budget.
#pragma once

#include <algorithm>
#include <cstdint>

namespace obleth::resilience {

class RetryBudget {
 public:
  void note_request() { tenths_ = std::min(tenths_ + 1, tenths_max); }
  // True: the retry may go, and is paid for.
  [[nodiscard]] bool take_retry() {
    if (tenths_ < tenths_per_retry) return false;
    tenths_ -= tenths_per_retry;
    return true;
  }

 private:
  static constexpr std::int64_t tenths_per_retry = 10;
  static constexpr std::int64_t tenths_max = 1000;      // a burst of 100 retries after 1000 good requests
  static constexpr std::int64_t tenths_at_start = 100;  // 10 retries
  std::int64_t tenths_ = tenths_at_start;
};

}  // namespace obleth::resilience
