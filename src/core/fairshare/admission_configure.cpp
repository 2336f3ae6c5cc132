// Settings: they act on the next decision, on what waits included. What runs is never killed.
#include <algorithm>

#include "core/fairshare/admission_state.hpp"

namespace obleth::fairshare {

namespace {

// What is told of a tenant, or a group, at once comes again before this engine has made good what came before, and a
// slow moment tells of several at once: so much of it the debt cap lets stand, but no more than so many of the largest
// requests.
constexpr std::int64_t foreign_tellings = 4;
constexpr std::int64_t foreign_requests_max = 4096;
constexpr std::uint32_t brownout_wait_ms_max = (1U << 24U) - 1;  // what a node can hold: over four hours

}  // namespace

void Admission::State::on(const SetCapacity& event) {
  limits.capacity = event.slots;
}

void Admission::State::on(const SetWaitLimits& event) {
  limits.tenant_queue_max = event.tenant_queue_max;
  limits.pool_queue_max = event.pool_queue_max;
  limits.brownout_wait = event.brownout_wait;
  if (limits.admission_timeout == event.admission_timeout) return;
  limits.admission_timeout = event.admission_timeout;
  for (RequestIndex at = waiting_chain.front(); at != RequestIndex::none; at = requests[at].in_pool.after)
    place_deadline(at);
  refuse_overdue();
}

void Admission::State::on(const SetLease& event) {
  lease = event;
}

void Admission::State::on(const CountForeign& event) {
  boost::unordered_flat_map<NodeIndex, std::int64_t> costs;  // several may tell of one
  for (const TenantCost& done : event.costs) {
    guard_rest = std::max<std::int64_t>(guard_rest - done.cost, 0);
    const NodeIndex tenant = tree.find_tenant(done.tenant);
    const NodeIndex node = tenant != NodeIndex::none ? tenant : tree.find_group(group_of(done.group));
    if (node != NodeIndex::none) costs[node] += done.cost;
  }
  for (const auto& [node, cost] : costs)
    largest_foreign.see(std::min(cost * foreign_tellings, largest.value() * foreign_requests_max), now);
  tree.set_largest_cost(std::max(largest.value(), largest_foreign.value()));
  for (const auto& [node, cost] : costs)
    tree.charge_foreign(node, cost);
}

void Admission::State::on(const SetModel& event) {
  const ModelIndex index = model_of(event.model);
  ModelState& model = models[index];
  model.observe_drain(now);
  model.gpu.advance(now, model.in_flight);
  model.gpu.set_gpus(event.settings.gpus);
  model.settings = event.settings;
  model.admits = event.admits;
  if (!event.admits) refuse_for(index);
  gate(index);
}

void Admission::State::on(const SetEligible& event) {
  const ModelIndex index = models.find(event.model);
  if (index == ModelIndex::none) return;
  models[index].observe_drain(now);
  models[index].eligible = event.eligible;
  gate(index);
}

void Admission::State::on(const ForgetModel& event) {
  const ModelIndex index = models.find(event.model);
  if (index == ModelIndex::none) return;
  models[index].admits = false;
  refuse_for(index);
  models.let_go(index);
  retire_if_over(index);
}

void Admission::State::retire_if_over(ModelIndex model) {
  if (models[model].is_gone && models[model].in_flight == 0) tree.retire(model);
}

void Admission::State::on(const SetGroup& event) {
  if (limits.algorithm == Algorithm::weighted) return;
  const NodeIndex group = tree.find_group(event.group);
  if (group == NodeIndex::none) {
    static_cast<void>(tree.add_group(event.group, event.settings));
  } else {
    tree.mark_gone(group, false);
    tree.configure(group, event.settings);
  }
}

void Admission::State::on(const ForgetGroup& event) {
  const NodeIndex group = tree.find_group(event.group);
  if (group != NodeIndex::none && limits.algorithm == Algorithm::hierarchical) tree.mark_gone(group, true);
}

// A tenant or key that is not known yet takes its settings from the request that makes it known.
void Admission::State::on(const SetTenant& event) {
  const NodeIndex tenant = tree.find_tenant(event.tenant);
  if (tenant == NodeIndex::none) return;
  const GroupId id = group_of(event.group);
  NodeIndex group = tree.find_group(id);
  if (group == NodeIndex::none) group = tree.add_group(id, NodeSettings{});
  if (tree.node(tenant).parent != group) tree.move_tenant(tenant, group);
  tree.configure(tenant, event.settings);
  set_brownout(tenant, event.brownout);
  tree.node(tenant).admits = event.admits;
  if (!event.admits) refuse_below(tenant);
  set_heaviness(tenant);
}

void Admission::State::set_brownout(NodeIndex index, const BrownoutSettings& settings) {
  ShareNode& tenant = tree.node(index);
  tenant.brownout = settings.policy;
  tenant.brownout_wait_ms = std::min(settings.wait_ms.value_or(0), brownout_wait_ms_max);
}

void Admission::State::on(const SetKey& event) {
  const NodeIndex key = tree.find_key(event.tenant, event.key);
  if (key == NodeIndex::none) return;
  tree.configure(key, event.settings);
  tree.node(key).admits = event.admits;
  if (!event.admits) refuse_below(key);
}

// A model that is full or has no endpoint that works blocks nobody: its lines are passed over until it is open again.
void Admission::State::gate(ModelIndex model) {
  tree.set_model_gate(model, models[model].gate());
}

GroupId Admission::State::group_of(GroupId named) const {
  return limits.algorithm == Algorithm::weighted ? GroupId{} : named;
}

}  // namespace obleth::fairshare
