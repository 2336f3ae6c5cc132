#include "mcp/reserve_calls.hpp"

#include <algorithm>
#include <utility>

#include "gateway/reserve_budget.hpp"
#include "mcp/refuse_call.hpp"

namespace obleth::mcp {
namespace {

// Takes no tokens and no money: a tenant whose tokens are spent may still call tools.
ports::ReserveRequest reserve_request(const Bound& bound, EventId reservation) {
  const ResolvedKey& who = *bound.who;
  return {.reservation = reservation,
          .tenant = who.tenant.id,
          .key = who.key.id,
          .tenant_limits = {who.tenant.quota, who.tenant.budget},
          .key_limits = {who.key.quota, who.key.budget},
          .timezone = who.tenant.schedule.timezone};
}

}  // namespace

Task<gateway::Outcome<Funded>> reserve_calls(Bound bound, gateway::HeldBudgets& held, ports::Entropy& entropy) {
  Funded funded{std::move(bound), {}, {}};
  const std::size_t requests = std::max<std::size_t>(1, funded.notes->requests());
  funded.budgets.reserve(requests);
  funded.timings.routed = funded.loop->now();
  while (funded.budgets.size() < requests) {
    const EventId reservation = funded.budgets.empty() ? funded.event_id : EventId{entropy.bits128()};
    const ports::ReserveRequest request = reserve_request(funded, reservation);
    ports::ReserveOutcome outcome = co_await held.ledger().reserve(request);
    // Those of the batch that were granted go back with their owners.
    if (!outcome.granted) co_return gateway::refuse(gateway::refusal_of(outcome.refusal));
    funded.budgets.emplace_back(held, request, std::move(*outcome.granted));
  }
  funded.timings.funded = funded.timings.admitted = funded.loop->refresh_now();  // it waits for nobody's turn
  // What asks for nothing takes no slot: a call may hold its own until the client has answered the server.
  if (funded.notes->requests() > 0) {
    std::optional<ServerSlot> slot = take_slot(*funded.server);
    if (!slot) co_return gateway::refuse(server_busy());
    funded.slot = std::move(*slot);
  }
  co_return funded;
}

}  // namespace obleth::mcp
