#include "sim/plain_queue.hpp"

#include <algorithm>
#include <variant>

#include "core/fairshare/token_cost.hpp"

namespace obleth::sim {

void PlainQueue::step(const Event& event, Instant now, Actions& actions) {
  now_ = now;
  actions_ = &actions;
  std::visit([this](const auto& happened) { on(happened); }, event);
  dispatch();
}

void PlainQueue::on(const fairshare::Arrive& event) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(requests_.size()));
    requests_.emplace_back();
  }
  const std::uint32_t index = free_.back();
  free_.pop_back();
  Tenant& tenant = tenants_[event.tenant];
  tenant.weight = tenant.weight == 1 ? event.tenant_settings.weight : tenant.weight;
  Request& request = requests_[index];
  const double declared = static_cast<double>(event.prompt_tokens + 4 * event.requested_cap);
  request = {.waiter = event.waiter,
             .number = ++arrivals_,
             .tenant = event.tenant,
             .declared = declared,
             .arrived = now_,
             .generation = request.generation + 1,
             .waits = true};
  tenant.line.push_back(index);
  const bool goes_at_once = in_flight_ < slots_ && queued_ == 0;
  ++queued_;
  if (goes_at_once) return;
  actions_->queued.push_back({.waiter = event.waiter, .ticket = {index, request.generation}});
}

void PlainQueue::on(const fairshare::Finish& event) {
  const Request& request = requests_[event.ticket.slot];
  const auto cost = event.usage ? fairshare::token_cost({}, *event.usage) : 0;
  tenants_[request.tenant].served += static_cast<double>(cost) / 1000 - request.declared;
  --in_flight_;
  free_.push_back(event.ticket.slot);
  actions_->settled.push_back({.ticket = event.ticket, .cost = {cost}});
}

void PlainQueue::on(const fairshare::Withdraw& event) {
  std::erase(tenants_[requests_[event.ticket.slot].tenant].line, event.ticket.slot);
  --queued_;
  free_.push_back(event.ticket.slot);
}

void PlainQueue::dispatch() {
  while (in_flight_ < slots_ && queued_ > 0) {
    Tenant* next = nullptr;
    for (auto& [id, tenant] : tenants_) {
      if (!tenant.line.empty() && (next == nullptr || before(tenant, *next))) next = &tenant;
    }
    const std::uint32_t index = next->line.front();
    next->line.pop_front();
    next->last_turn = ++turns_;
    Request& request = requests_[index];
    next->served += request.declared;
    request.waits = false;
    --queued_;
    ++in_flight_;
    actions_->granted.push_back(
        {.waiter = request.waiter, .ticket = {index, request.generation}, .wait = now_ - request.arrived});
  }
}

bool PlainQueue::before(const Tenant& one, const Tenant& other) const {
  switch (rule_) {
    case Rule::round_robin:
      return one.last_turn < other.last_turn;
    case Rule::least_served:
      return one.served / one.weight < other.served / other.weight;
    default:
      return requests_[one.line.front()].number < requests_[other.line.front()].number;
  }
}

}  // namespace obleth::sim
