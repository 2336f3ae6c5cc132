// Stage 6, reserve: all limits of key and tenant pass in one step, or the request is told at once. Connection's thread.
#pragma once

#include "gateway/refuse.hpp"
#include "gateway/request_states.hpp"
#include "ports/budget_ledger.hpp"

namespace obleth::gateway {

// Before the queue, so that an exhausted tenant does not wait to be refused.
Task<Outcome<Funded>> reserve_budget(Priced&& priced, HeldBudgets& held);
Task<Outcome<Funded>> reserve_budget(Funded&& again, HeldBudgets& held) = delete;

// What the client is told where the ledger says no.
[[nodiscard]] Refusal refusal_of(const ports::ReserveRefusal& refusal);

// OpenAI's x-ratelimit-* lines, where a limit exists.
void append_rate_headers(std::string& lines, const std::optional<ports::RateState>& tokens,
                         const std::optional<ports::RateState>& requests);

// "6m0s", "1.5s", "12ms": as OpenAI writes resets.
[[nodiscard]] std::string reset_text(Duration reset);

// A shorter answer is of use to the client and allowed by the tenant.
[[nodiscard]] bool may_soften(const Routed& routed);
// The same but for the tenant's policy: a cut answer would be a shorter one, not a broken one.
[[nodiscard]] bool may_be_cut(const Routed& routed);

}  // namespace obleth::gateway
