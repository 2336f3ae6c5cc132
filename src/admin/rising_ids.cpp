#include "admin/rising_ids.hpp"

namespace obleth::admin {
namespace {

// The highest random bit of the lower half, below the variant: half a billion of the longest steps fit above it.
constexpr std::uint64_t room = 1ULL << 61U;
// Random steps: from one id, the next cannot be told.
constexpr std::uint64_t step_mask = 0xFFFF'FFFF;

}  // namespace

Bits128 RisingIds::next(WallTime at, Bits128 random) {
  const std::lock_guard lock(mutex_);
  if (at == at_) {
    last_.low += 1 + (random.low & step_mask);
  } else {
    at_ = at;
    last_ = {random.high, random.low & ~room};
  }
  return last_;
}

}  // namespace obleth::admin
