// What must hold in the share tree after every event. For tests and simulations: looks at everything there is.
#include "core/fairshare/share_tree.hpp"

namespace obleth::fairshare {

std::string_view ShareTree::broken_invariant() const {
  std::vector<Sums> sums(nodes_.extent());
  for (std::size_t at = 0; at < nodes_.extent(); ++at) {
    const ShareNode& node = nodes_[static_cast<NodeIndex>(at)];
    if (!node.in_use) continue;
    if (node.account.reserved_cost() < 0) return "a reservation is negative";
    if (node.in_flight == 0 && node.account.reserved_cost() != 0) return "something is reserved and nothing runs";
    if (const auto broken = broken_lane(static_cast<NodeIndex>(at)); !broken.empty()) return broken;
    if (node.parent == NodeIndex::none) continue;
    Sums& above = sums[static_cast<std::size_t>(node.parent)];
    above.in_flight += node.in_flight;
    above.queued += node.queued;
    ++above.children;
    above.reserved += node.account.reserved_cost();
    above.queued_cost += node.queued_cost;
    above.ready_weight += node.queued > 0 ? std::int64_t{node.account.weight()} : 0;
  }
  for (std::size_t at = 0; at < nodes_.extent(); ++at) {
    const ShareNode& node = nodes_[static_cast<NodeIndex>(at)];
    if (!node.in_use || node.level == Level::key) continue;
    const Sums whole{.in_flight = node.in_flight,
                     .queued = node.queued,
                     .children = node.children,
                     .reserved = node.account.reserved_cost(),
                     .queued_cost = node.queued_cost,
                     .ready_weight = node.ready_weight};
    if (sums[at] != whole) return "a node is not the sum of its children";
  }
  return {};
}

std::string_view ShareTree::broken_lane(NodeIndex index) const {
  const ShareNode& node = nodes_[index];
  std::string_view broken;
  std::int64_t queued_cost = 0;
  each_lane(index, [&](LaneIndex at) {
    const Lane& lane = lanes_[at];
    const bool is_leaf = node.level == Level::key;
    queued_cost += lane.queued_cost;
    std::int64_t ready_weight = 0;
    for (const auto& entry : lane.ready.entries()) {
      const Lane& child = lanes_[entry.item];
      const ShareNode& owner = nodes_[child.node];
      ready_weight += owner.account.weight();
      if (child.up != at || owner.parent != index) broken = "a lane stands in a line that is not its own";
      if (entry.key != owner.account.start_tag() + child.offset) broken = "a lane stands at a key that is not its own";
      if (entry.since != child.since) broken = "a lane came at another moment than its line believes";
      if (entry < lane.ready.top()) broken = "the first in line is not the smallest";
    }
    if (ready_weight != lane.ready_weight) broken = "the weight in line is not that of who stands in it";
    if (is_leaf && lane.has_request == lane.requests.empty())
      broken = "a leaf lane does not know that it has a request";
    if (lane.up == LaneIndex::none) return;
    if (lane.in_line() != (lane.has_work() && !node.parked())) broken = "who has work and no cap in the way is in line";
  });
  if (node.level == Level::tenant && queued_cost != node.queued_cost)
    broken = "a tenant's queue is not that of its lanes";
  return broken;
}

}  // namespace obleth::fairshare
