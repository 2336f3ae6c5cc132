// Brownout: how far an answer is cut when its tenant waits too long. A decision at dispatch; pure, any thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/instant.hpp"
#include "core/fairshare/virtual_account.hpp"
#include "domain/tenant.hpp"

namespace obleth::fairshare {

struct Pressure {
  Duration waited{0};
  Duration predicted{0};  // for the rest of the tenant's queue
  Duration threshold{0};  // the tenant's own; zero: never
};

[[nodiscard]] constexpr Duration brownout_threshold(BrownoutPolicy policy, bool exempt, Duration threshold) {
  if (exempt || policy == BrownoutPolicy::never) return Duration::zero();
  return policy == BrownoutPolicy::first ? threshold / 2 : threshold;
}

// The cap to write into the request; absent: it stays as it is. Never raises a cap.
[[nodiscard]] constexpr std::optional<std::int64_t> softened_cap(const Pressure& pressure, std::int64_t requested_cap,
                                                                 std::int64_t learned_output, std::int64_t floor) {
  const Duration longest = std::max(pressure.waited, pressure.predicted);
  if (pressure.threshold <= Duration::zero() || longest <= pressure.threshold) return std::nullopt;
  // 2 x learned / φ with φ = longest / threshold.
  const std::int64_t cut = scaled(2 * learned_output, pressure.threshold.count(), longest.count());
  const std::int64_t cap = std::max(floor, cut);
  return cap < requested_cap ? std::optional(cap) : std::nullopt;
}

}  // namespace obleth::fairshare
