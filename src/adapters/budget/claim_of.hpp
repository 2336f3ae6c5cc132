// A request for budget in the words of core/budget, and its answer in those of the port. Pure.
#pragma once

#include <span>

#include "core/budget/budget_rules.hpp"
#include "ports/budget_ledger.hpp"

namespace obleth::adapters {

[[nodiscard]] budget::Claim claim_of(const ports::ReserveRequest& request);

// The accounts of a request, under which the decision was made, as they are after it.
struct DecidedAccounts {
  std::span<budget::Account* const> accounts;
  std::span<const char* const> names;  // "key", "tenant"
  Instant now;
};
[[nodiscard]] ports::ReserveOutcome refusal_of(const budget::Refused& refused, const DecidedAccounts& decided);
[[nodiscard]] ports::ReserveOutcome grant_of(EventId reservation, const budget::Granted& granted,
                                             const DecidedAccounts& decided);
[[nodiscard]] ports::ReserveOutcome refused_by_store();

}  // namespace obleth::adapters
