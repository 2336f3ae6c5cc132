// How long a tenant's next request will wait: the work ahead of it, drained at the tenant's share of the pool's rate.
//
// Source: the request waiting time estimator of QLM (2024), with the share taken from the weights of those who wait.
// Thread: that of the engine.
#pragma once

#include <cstdint>
#include <optional>

#include "base/instant.hpp"
#include "core/fairshare/share_tree.hpp"

namespace obleth::fairshare {

inline constexpr Duration predicted_wait_max = std::chrono::hours(1);

// What a pool or a model does while it is full.
struct Drain {
  std::int64_t per_second = 0;  // milli-tokens; 0: not known
  std::uint32_t slots = 1;      // that do it together
};

// Milli-tokens per second that the tenant or group of this lane may expect: its weight among those who wait, times that
// of the group above it, and no more than its own slots do. At least 1 when anything drains at all.
[[nodiscard]] std::int64_t expected_rate(const ShareTree& tree, LaneIndex lane, const Drain& drain);

// rate 0: not known, so nothing is predicted.
[[nodiscard]] std::optional<Duration> time_to_drain(std::int64_t cost, std::int64_t rate);

// Until the tenant of this leaf has had so much of its queue, after all that its group and it are ahead of who goes
// next.
[[nodiscard]] std::optional<Duration> predicted_wait(ShareTree& tree, LaneIndex leaf, std::int64_t queued_cost,
                                                     const Drain& drain);

}  // namespace obleth::fairshare
