#include "gateway/failed_key_throttle.hpp"

#include <algorithm>

namespace obleth::gateway {
namespace {

constexpr std::int64_t minute_ns = Duration(std::chrono::minutes(1)).count();

// The finaliser of SplitMix64 (Steele et al., 2014).
std::uint64_t mixed(std::uint64_t value) {
  value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  value = (value ^ (value >> 27U)) * 0x94D049BB133111EBULL;
  return value ^ (value >> 31U);
}

}  // namespace

FailedKeyThrottle::FailedKeyThrottle(std::uint32_t per_minute, std::uint64_t seed)
    : period_ns_(per_minute == 0 ? 0 : minute_ns / per_minute), seed_(seed) {}

FailedKeyThrottle::Cell& FailedKeyThrottle::cell_of(std::uint64_t network) {
  return cells_[mixed(network ^ seed_) % cells_count];
}

FailedKeyThrottle::Turn FailedKeyThrottle::note_failure(std::optional<std::uint64_t> network, Instant now) {
  return take(network, now, Duration{0});
}

FailedKeyThrottle::Turn FailedKeyThrottle::begin_look_up(std::optional<std::uint64_t> network, Instant now) {
  return take(network, now, wait_max);
}

FailedKeyThrottle::Turn FailedKeyThrottle::take(std::optional<std::uint64_t> network, Instant now,
                                                Duration wait_longest) {
  if (!network || period_ns_ == 0) return {};
  const std::int64_t now_ns = now.since_start().count();
  Cell& cell = cell_of(*network);
  std::int64_t whole_again = cell.load(std::memory_order_relaxed);
  while (true) {
    const std::int64_t next = std::max(whole_again, now_ns) + period_ns_;
    const Duration wait(std::max<std::int64_t>(0, next - now_ns - minute_ns));
    if (wait > wait_longest) {
      refused_.fetch_add(1, std::memory_order_relaxed);
      return {.granted = false, .after = wait};
    }
    if (cell.compare_exchange_weak(whole_again, next, std::memory_order_relaxed)) return {.after = wait};
  }
}

void FailedKeyThrottle::take_back(std::optional<std::uint64_t> network) {
  if (network && period_ns_ != 0) cell_of(*network).fetch_sub(period_ns_, std::memory_order_relaxed);
}

}  // namespace obleth::gateway
