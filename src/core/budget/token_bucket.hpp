// A limit per minute: holds at most the limit, refilled by limit / 60 each second. Exact: no fraction is ever lost.
//
// May go below zero, when a request turns out larger than was expected. Pure; guarded by its owner.
#pragma once

#include <cstdint>

#include "base/instant.hpp"

namespace obleth::budget {

class TokenBucket {
 public:
  TokenBucket(std::int64_t per_minute, Instant now) : capacity_(per_minute), level_(per_minute), refilled_at_(now) {}

  // As it was kept elsewhere. remainder: of a unit, in minute-nanoseconds.
  struct Kept {
    std::int64_t level = 0;
    std::int64_t remainder = 0;
  };
  TokenBucket(std::int64_t per_minute, const Kept& kept, Instant now)
      : capacity_(per_minute), level_(kept.level), remainder_(kept.remainder), refilled_at_(now) {}

  [[nodiscard]] std::int64_t capacity() const { return capacity_; }
  [[nodiscard]] std::int64_t level(Instant now);
  [[nodiscard]] bool is_full(Instant now) const {
    TokenBucket refilled = *this;
    return refilled.level(now) == capacity_;
  }
  // What is used stays used, but a smaller limit alone makes no debt: who used more has an empty bucket.
  void change_limit(std::int64_t per_minute, Instant now);
  // A full bucket admits any amount, so that a request larger than the limit is not refused for ever.
  [[nodiscard]] bool admits(std::int64_t amount, Instant now) { return level(now) >= needed(amount); }
  void take(std::int64_t amount, Instant now);  // a negative amount goes back
  // Until it admits the amount, if nobody else takes any; to the nanosecond.
  [[nodiscard]] Duration wait_for(std::int64_t amount, Instant now);
  [[nodiscard]] Duration until_full(Instant now) { return wait_for(capacity_, now); }

 private:
  [[nodiscard]] std::int64_t needed(std::int64_t amount) const { return amount < capacity_ ? amount : capacity_; }
  void refill(Instant now);

  std::int64_t capacity_;
  std::int64_t level_;
  std::int64_t remainder_ = 0;  // of a unit, in minute-nanoseconds: below 60 × 10^9
  Instant refilled_at_;
};

}  // namespace obleth::budget
