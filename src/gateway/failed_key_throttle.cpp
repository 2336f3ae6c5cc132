#include "gateway/failed_key_throttle.hpp"

#include <algorithm>

namespace obleth::gateway {
namespace {

constexpr std::int64_t look_ups_per_failure = 10;
constexpr std::int64_t minute_ns = Duration(std::chrono::minutes(1)).count();

// The finaliser of SplitMix64 (Steele et al., 2014).
std::uint64_t mixed(std::uint64_t value) {
  value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  value = (value ^ (value >> 27U)) * 0x94D049BB133111EBULL;
  return value ^ (value >> 31U);
}

}  // namespace

FailedKeyThrottle::FailedKeyThrottle(std::uint32_t per_minute, std::uint64_t seed)
    : seed_(seed), failures_{.allowance_ns = minute_ns}, look_ups_{.allowance_ns = minute_ns / look_ups_per_failure} {
  set_rate(per_minute);
}

void FailedKeyThrottle::set_rate(std::uint32_t per_minute) {
  const std::int64_t period_ns = per_minute == 0 ? 0 : minute_ns / per_minute;
  failures_.period_ns.store(period_ns, std::memory_order_relaxed);
  look_ups_.period_ns.store(period_ns / look_ups_per_failure, std::memory_order_relaxed);
}

std::size_t FailedKeyThrottle::cell_of(std::uint64_t network) const {
  return mixed(network ^ seed_) % cells_count;
}

FailedKeyThrottle::Turn FailedKeyThrottle::note_failure(std::optional<std::uint64_t> network, Instant now) {
  return take(failures_, network, now, Duration{0});
}

FailedKeyThrottle::Turn FailedKeyThrottle::begin_look_up(std::optional<std::uint64_t> network, Instant now) {
  return take(look_ups_, network, now, wait_max);
}

FailedKeyThrottle::Turn FailedKeyThrottle::take(Lane& lane, std::optional<std::uint64_t> network, Instant now,
                                                Duration wait_longest) {
  const std::int64_t period_ns = lane.period_ns.load(std::memory_order_relaxed);
  if (!network || period_ns == 0) return {};
  const std::int64_t now_ns = now.since_start().count();
  std::atomic<std::int64_t>& cell = lane.cells[cell_of(*network)];
  std::int64_t whole_again = cell.load(std::memory_order_relaxed);
  while (true) {
    const std::int64_t next = std::max(whole_again, now_ns) + period_ns;
    const Duration wait(std::max<std::int64_t>(0, next - now_ns - lane.allowance_ns));
    if (wait > wait_longest) {
      refused_.fetch_add(1, std::memory_order_relaxed);
      return {.granted = false, .after = wait};
    }
    if (cell.compare_exchange_weak(whole_again, next, std::memory_order_relaxed)) return {.after = wait};
  }
}

void FailedKeyThrottle::take_back_look_up(std::optional<std::uint64_t> network) {
  if (!network) return;
  const std::int64_t period_ns = look_ups_.period_ns.load(std::memory_order_relaxed);
  look_ups_.cells[cell_of(*network)].fetch_sub(period_ns, std::memory_order_relaxed);
}

}  // namespace obleth::gateway
