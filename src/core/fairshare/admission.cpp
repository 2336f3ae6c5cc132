#include "core/fairshare/admission.hpp"

#include <algorithm>
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
  now = at;
  actions = &out;
  drain.advance(now, waiting() > 0);
  largest.forget(now);
  tree.set_largest_cost(largest.value());
  refuse_overdue();
}

Instant Admission::next_wakeup() const {
  const State& state = *state_;
  const Instant deadline = state.next_deadline();
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

std::string_view Admission::broken_invariant() const {
  return state_->tree.broken_invariant();
}

std::optional<std::int64_t> Admission::learned_output(TenantId tenant, ModelId model) const {
  const ModelIndex index = state_->models.find(model);
  return index == ModelIndex::none ? std::nullopt : state_->estimates.mean(tenant, index);
}

}  // namespace obleth::fairshare
