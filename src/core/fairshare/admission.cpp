#include "core/fairshare/admission.hpp"

#include <algorithm>
#include <boost/unordered/unordered_flat_set.hpp>
#include <variant>

#include "base/ensure.hpp"
#include "core/fairshare/admission_state.hpp"

namespace obleth::fairshare {

namespace {

// How often slot time is charged to requests that tell no progress, while others wait.
constexpr Duration accrual_interval = std::chrono::seconds(1);

}  // namespace

Admission::Admission(const AdmissionLimits& limits) : state_(std::make_unique<State>(limits)) {}
Admission::~Admission() = default;

void Admission::step(const Event& event, Instant now, Actions& actions) {
  state_->step(event, now, actions);
}

void Admission::State::step(const Event& event, Instant at, Actions& out) {
  begin_step(at, out);
  std::visit([this](const auto& happened) { on(happened); }, event);
  dispatch();
  tree.forget_idle(now);
  while (const auto model = tree.forgotten_model()) {
    models.give_back(*model);
    estimates.forget(*model);
  }
  actions = nullptr;
}

void Admission::State::begin_step(Instant at, Actions& out) {
  ensure(at >= now, "the engine's time never runs backwards");
  const bool lease_ends = now < lease.until && at >= lease.until;
  drain.advance(at, waiting() > 0 && running() >= slots());
  now = at;
  actions = &out;
  largest.forget(now);
  largest_foreign.forget(now);
  tree.set_largest_cost(std::max(largest.value(), largest_foreign.value()));
  refuse_overdue();
  // Time alone has freed slots: they are those who wait's before anybody comes who would find them free.
  if (lease_ends) dispatch();
}

Instant Admission::next_wakeup() const {
  const State& state = *state_;
  Instant deadline = state.next_deadline();
  const SetLease& lease = state.lease;
  if (lease.slots && lease.slots_after > *lease.slots && state.waiting() > 0 && state.now < lease.until) {
    deadline = std::min(deadline, lease.until);
  }
  if (state.waiting() == 0 || state.running() == 0) return deadline;
  return std::min(deadline, state.accrued + accrual_interval);
}

std::uint32_t Admission::in_flight() const {
  return state_->running();
}
std::uint32_t Admission::queued() const {
  return state_->waiting();
}
std::uint32_t Admission::capacity() const {
  return state_->limits.capacity;
}

PoolView Admission::tell_pool() {
  State& state = *state_;
  PoolView view{.capacity = state.limits.capacity, .demands = {}, .work = {}};
  const NodeIndex overdue = state.overdue_tenant();
  boost::unordered_flat_set<NodeIndex> met;
  const auto meet = [&](NodeIndex index) {
    if (!met.insert(index).second) return;
    const ShareNode& node = state.tree.node(index);
    const ShareNode& group = state.tree.node(node.parent);
    const std::uint32_t waiting = state.tree.some_eligible(index) ? node.queued : 0;
    const std::uint32_t slots = std::max(node.in_flight, std::min(node.in_flight + waiting, node.max_in_flight));
    if (slots == 0) return;
    view.demands.push_back({.tenant = TenantId{node.id},
                            .group = GroupId{group.id},
                            .weight = node.account.weight(),
                            .group_weight = group.account.weight(),
                            .slots = slots,
                            .waits = slots > node.in_flight,
                            .overdue = index == overdue});
  };
  for (const auto& entry : state.heaviest.entries())
    meet(entry.item);
  for (RequestIndex at = state.running_chain.front(); at != RequestIndex::none; at = state.requests[at].in_pool.after)
    meet(state.requests[at].tenant);
  for (const auto& [tenant, cost] : state.work) {
    const NodeIndex node = state.tree.find_tenant(tenant);
    const bool known = node != NodeIndex::none;
    view.work.push_back({tenant, cost, known ? GroupId{state.tree.node(state.tree.node(node).parent).id} : GroupId{}});
  }
  state.work.clear();
  return view;
}

std::string_view Admission::broken_invariant() const {
  return state_->tree.broken_invariant();
}

std::optional<std::int64_t> Admission::learned_output(TenantId tenant, ModelId model) const {
  const ModelIndex index = state_->models.find(model);
  return index == ModelIndex::none ? std::nullopt : state_->estimates.mean(tenant, index);
}

}  // namespace obleth::fairshare
