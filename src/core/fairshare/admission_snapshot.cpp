// The shares as they stand, for people to look at.
#include <algorithm>

#include "core/fairshare/admission_state.hpp"

namespace obleth::fairshare {

namespace {

std::optional<std::uint32_t> limit_of(const ShareNode& node) {
  return node.max_in_flight == unlimited ? std::nullopt : std::optional(node.max_in_flight);
}

GroupShare group_share(const ShareNode& node) {
  return {.group = GroupId{node.id},
          .weight = node.account.weight(),
          .max_in_flight = limit_of(node),
          .in_flight = node.in_flight,
          .queued = node.queued,
          .settled_cost = {node.settled_cost}};
}

void each_of_next_part(const ShareTree& tree, SnapshotPlace& place, auto&& act) {
  const std::size_t end = std::min(tree.node_extent(), place.next_node + SnapshotPlace::nodes_per_part);
  for (; place.next_node < end; ++place.next_node) {
    const auto index = static_cast<NodeIndex>(place.next_node);
    if (tree.node(index).in_use) act(index, tree.node(index));
  }
  place.complete = end == tree.node_extent();
}

}  // namespace

NodeShare Admission::State::tenant_share(NodeIndex index, std::int64_t running_cost, Instant at) {
  const ShareNode& node = tree.node(index);
  NodeShare share{.tenant = TenantId{node.id},
                  .group = GroupId{tree.node(node.parent).id},
                  .weight = node.account.weight(),
                  .max_in_flight = limit_of(node),
                  .in_flight = node.in_flight,
                  .queued = node.queued,
                  .settled_cost = {node.settled_cost},
                  .running_cost = {running_cost},
                  .reserved_cost = {node.account.reserved_cost()},
                  .queued_cost = {node.queued_cost},
                  .lag = tree.lag(index)};
  const RequestIndex oldest = node.waiting.front();
  if (oldest != RequestIndex::none) {
    share.oldest_wait = at - requests[oldest].arrived;
    share.predicted_wait = predicted(requests[node.waiting.back()].lane);
  } else if (running() < slots() && !node.parked()) {
    share.predicted_wait = Duration::zero();
  }
  return share;
}

void Admission::State::begin_snapshot(Snapshot& shares, SnapshotPlace& place, Instant at) const {
  const ShareNode& root = tree.node(tree.root());
  shares = {.capacity = limits.capacity,
            .in_flight = root.in_flight,
            .queued = root.queued,
            .virtual_time = root.virtual_time,
            .drain_rate_per_second = drain.per_second(),
            .forgiven_cost = tree.forgiven_cost(),
            .age_guard_picks = age_guard_picks,
            .unleased_grants = unleased_grants,
            .groups = {},
            .tenants_known = 0,
            .tenants = {},
            .models = {}};
  for (const ModelState& model : models) {
    if (!model.in_use || (model.is_gone && model.in_flight == 0)) continue;
    shares.models.push_back({.model = model.id,
                             .max_in_flight = model.settings.max_in_flight,
                             .eligible = model.eligible,
                             .in_flight = model.in_flight,
                             .queued = model.queued,
                             .busy_gpu_time = model.gpu.busy(at, model.in_flight)});
  }
  for (RequestIndex running = running_chain.front(); running != RequestIndex::none;
       running = requests[running].in_pool.after) {
    place.running_costs[static_cast<std::uint32_t>(requests[running].tenant)] += requests[running].charged_cost;
  }
}

void Admission::State::add_to_snapshot(Snapshot& shares, SnapshotPlace& place, Instant at) {
  if (place.next_node == 0) begin_snapshot(shares, place, at);
  each_of_next_part(tree, place, [&](NodeIndex index, const ShareNode& node) {
    if (node.level == Level::group) shares.groups.push_back(group_share(node));
    if (node.level != Level::tenant) return;
    const auto running_cost = place.running_costs.find(static_cast<std::uint32_t>(index));
    shares.tenants.push_back(
        tenant_share(index, running_cost == place.running_costs.end() ? 0 : running_cost->second, at));
  });
  shares.tenants_known = shares.tenants.size();
}

void Admission::add_to_snapshot(Snapshot& shares, SnapshotPlace& place, Instant now) const {
  state_->add_to_snapshot(shares, place, now);
}

void Admission::add_known_keys(std::vector<KnownKey>& keys, SnapshotPlace& place) const {
  const ShareTree& tree = state_->tree;
  each_of_next_part(tree, place, [&](NodeIndex, const ShareNode& node) {
    if (node.level == Level::key) keys.push_back({KeyId{node.id}, TenantId{tree.node(node.parent).id}});
  });
}

Snapshot Admission::snapshot(Instant now) const {
  Snapshot shares;
  SnapshotPlace place;
  while (!place.complete)
    add_to_snapshot(shares, place, now);
  return shares;
}

}  // namespace obleth::fairshare
