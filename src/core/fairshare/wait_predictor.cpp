#include "core/fairshare/wait_predictor.hpp"

#include <algorithm>

namespace obleth::fairshare {

std::int64_t expected_rate(const ShareTree& tree, LaneIndex lane, const Drain& drain) {
  if (drain.per_second <= 0) return 0;
  const LaneIndex up = tree.lane(lane).up;
  if (up == LaneIndex::none) return drain.per_second;
  const ShareNode& node = tree.node(tree.lane(lane).node);
  const std::int64_t weight = node.account.weight();
  std::int64_t rate = scaled(expected_rate(tree, up, drain), weight, tree.rival_weight(lane) + weight);
  const std::uint32_t own_slots = std::max(node.max_in_flight, 1U);
  if (own_slots < drain.slots) rate = std::min(rate, scaled(drain.per_second, own_slots, drain.slots));
  return std::max<std::int64_t>(rate, 1);
}

std::optional<Duration> time_to_drain(std::int64_t cost, std::int64_t rate) {
  if (rate <= 0) return std::nullopt;
  constexpr std::int64_t ns_per_s = 1'000'000'000;
  return std::clamp(Duration(scaled(cost, ns_per_s, rate)), Duration::zero(), predicted_wait_max);
}

std::optional<Duration> predicted_wait(ShareTree& tree, LaneIndex leaf, std::int64_t queued_cost, const Drain& drain) {
  if (drain.per_second <= 0) return std::nullopt;
  // The keys of one tenant share its own queue, so the way starts at the tenant.
  const LaneIndex tenant = tree.lane(leaf).up;
  Duration wait{0};
  for (LaneIndex at = tenant; tree.lane(at).up != LaneIndex::none; at = tree.lane(at).up) {
    const ShareNode& node = tree.node(tree.lane(at).node);
    const std::int64_t queued = at == tenant ? queued_cost : 0;
    const std::int64_t ahead = queued + cost_of(tree.lead(at), node.account.weight());
    if (ahead > 0) wait += *time_to_drain(ahead, expected_rate(tree, at, drain));
  }
  return std::min(wait, predicted_wait_max);
}

}  // namespace obleth::fairshare
