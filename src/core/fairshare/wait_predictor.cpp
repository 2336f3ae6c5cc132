#include "core/fairshare/wait_predictor.hpp"

#include <algorithm>

namespace obleth::fairshare {

std::int64_t expected_rate(const ShareTree& tree, LaneIndex lane, std::int64_t drain_per_second) {
  if (drain_per_second <= 0) return 0;
  std::int64_t rate = drain_per_second;
  const bool model_open = tree.model_open(tree.lane(lane).model);
  for (LaneIndex at = lane; tree.lane(at).up != LaneIndex::none; at = tree.lane(at).up) {
    const ShareNode& node = tree.node(tree.lane(at).node);
    const Lane& line = tree.lane(tree.lane(at).up);
    const std::int64_t weight = node.account.weight();
    // A model that is full drains at its own rate, among those who wait for it.
    const std::int64_t ready = model_open ? tree.node(node.parent).ready_weight : line.ready_weight;
    const bool counted = model_open ? node.queued > 0 : tree.lane(at).in_line();
    rate = scaled(rate, weight, ready + (counted ? 0 : weight));
  }
  return std::max<std::int64_t>(rate, 1);
}

std::optional<Duration> time_to_drain(std::int64_t cost, std::int64_t rate) {
  if (rate <= 0) return std::nullopt;
  constexpr std::int64_t ns_per_s = 1'000'000'000;
  return std::clamp(Duration(scaled(cost, ns_per_s, rate)), Duration::zero(), predicted_wait_max);
}

std::optional<Duration> predicted_wait(ShareTree& tree, LaneIndex leaf, std::int64_t drain_per_second) {
  if (drain_per_second <= 0) return std::nullopt;
  // The keys of one tenant share its own queue, so the way starts at the tenant.
  const LaneIndex tenant = tree.lane(leaf).up;
  Duration wait{0};
  for (LaneIndex at = tenant; tree.lane(at).up != LaneIndex::none; at = tree.lane(at).up) {
    const ShareNode& node = tree.node(tree.lane(at).node);
    const std::int64_t queued = at == tenant ? node.queued_cost : 0;
    const std::int64_t ahead = queued + cost_of(tree.lead(at), node.account.weight());
    if (ahead > 0) wait += *time_to_drain(ahead, expected_rate(tree, at, drain_per_second));
  }
  return std::min(wait, predicted_wait_max);
}

}  // namespace obleth::fairshare
