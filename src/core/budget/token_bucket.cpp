#include "core/budget/token_bucket.hpp"

#include <algorithm>
#include <limits>

#include "domain/tokens.hpp"

namespace obleth::budget {
namespace {

__extension__ using Wide = __int128;

constexpr std::int64_t minute_ns = 60'000'000'000;

struct Divided {
  Wide quotient;
  std::int64_t remainder;
};

// Of numbers that are not negative. Nearly every one fits in 64 bits, where a division is an instruction or two.
Divided divide(Wide dividend, std::int64_t divisor) {
  if (dividend <= std::numeric_limits<std::int64_t>::max()) {
    const auto narrow = static_cast<std::uint64_t>(dividend);
    const auto by = static_cast<std::uint64_t>(divisor);
    return {static_cast<Wide>(narrow / by), static_cast<std::int64_t>(narrow % by)};
  }
  return {dividend / divisor, static_cast<std::int64_t>(dividend % divisor)};
}

}  // namespace

std::int64_t TokenBucket::level(Instant now) {
  refill(now);
  return level_;
}

void TokenBucket::change_limit(std::int64_t per_minute, Instant now) {
  refill(now);
  const std::int64_t changed = saturating_add(level_, per_minute - capacity_);
  if (changed < 0 && level_ >= 0) remainder_ = 0;  // empty is empty
  level_ = std::max(changed, std::min<std::int64_t>(level_, 0));
  capacity_ = per_minute;
}

void TokenBucket::take(std::int64_t amount, Instant now) {
  refill(now);
  level_ = std::min(capacity_, saturating_add(level_, amount > 0 ? -amount : saturating_multiply(amount, -1)));
  if (level_ >= capacity_) remainder_ = 0;  // full is full
}

Duration TokenBucket::wait_for(std::int64_t amount, Instant now) {
  refill(now);
  const std::int64_t target = needed(amount);
  if (level_ >= target) return Duration{0};
  if (capacity_ <= 0) return Duration::max();
  const Wide missing = (static_cast<Wide>(target) - level_) * minute_ns - remainder_;
  const Wide wait = divide(missing + capacity_ - 1, capacity_).quotient;
  constexpr Wide longest = std::numeric_limits<std::int64_t>::max();
  return Duration(static_cast<std::int64_t>(std::min(wait, longest)));
}

void TokenBucket::refill(Instant now) {
  if (now <= refilled_at_) return;
  const Wide gained = static_cast<Wide>((now - refilled_at_).count()) * capacity_ + remainder_;
  refilled_at_ = now;
  const Divided units = divide(gained, minute_ns);
  const Wide level = level_ + units.quotient;
  remainder_ = units.remainder;
  if (level >= capacity_) remainder_ = 0;
  level_ = static_cast<std::int64_t>(std::min<Wide>(level, capacity_));
}

}  // namespace obleth::budget
