// The shares as they stand, for people to look at.
#include "core/fairshare/admission_state.hpp"

namespace obleth::fairshare {

Snapshot Admission::snapshot(Instant now) const {
  const State& state = *state_;
  const ShareNode& root = state.tree.node(state.tree.root());
  Snapshot shares{.capacity = state.limits.capacity,
                  .in_flight = root.in_flight,
                  .queued = root.queued,
                  .virtual_time = root.virtual_time,
                  .drain_rate_per_second = state.drain.per_second(),
                  .forgiven_cost = state.tree.forgiven_cost(),
                  .age_guard_picks = state.age_guard_picks,
                  .groups = {},
                  .tenants = {},
                  .models = {}};
  for (std::size_t at = 0; at < state.tree.node_extent(); ++at) {
    const auto index = static_cast<NodeIndex>(at);
    const ShareNode& node = state.tree.node(index);
    if (!node.in_use) continue;
    if (node.level == Level::group) {
      shares.groups.push_back({.group = GroupId{node.id},
                               .weight = node.account.weight(),
                               .in_flight = node.in_flight,
                               .queued = node.queued,
                               .settled_cost = {node.settled_cost}});
    } else if (node.level == Level::tenant) {
      const RequestIndex oldest = node.waiting.front();
      shares.tenants.push_back(
          {.tenant = TenantId{node.id},
           .group = GroupId{state.tree.node(node.parent).id},
           .weight = node.account.weight(),
           .in_flight = node.in_flight,
           .queued = node.queued,
           .settled_cost = {node.settled_cost},
           .reserved_cost = {node.account.reserved_cost()},
           .lag = state.tree.lag(index),
           .oldest_wait = oldest == RequestIndex::none ? Duration::zero() : now - state.requests[oldest].arrived});
    }
  }
  for (const ModelState& model : state.models) {
    shares.models.push_back({.model = model.id,
                             .max_in_flight = model.settings.max_in_flight,
                             .in_flight = model.in_flight,
                             .queued = model.queued,
                             .busy_gpu_time = model.gpu.busy(now, model.in_flight)});
  }
  return shares;
}

}  // namespace obleth::fairshare
