#include "adapters/budget/claim_of.hpp"

#include <algorithm>

namespace obleth::adapters {
namespace {

ports::RefusedBy refused_by(budget::Limit limit) {
  switch (limit) {
    case budget::Limit::tokens_per_minute:
      return ports::RefusedBy::tokens_per_minute;
    case budget::Limit::requests_per_minute:
      return ports::RefusedBy::requests_per_minute;
    case budget::Limit::budget:
      break;
  }
  return ports::RefusedBy::budget;
}

// The tighter one, as a client should see it.
void tighten(std::optional<ports::RateState>& state, budget::TokenBucket* bucket, Instant now) {
  if (bucket == nullptr) return;
  const std::int64_t remaining = std::max<std::int64_t>(0, bucket->level(now));
  if (state && state->remaining <= remaining) return;
  state = ports::RateState{bucket->capacity(), remaining, bucket->until_full(now)};
}

template <class Outcome>
void show_rates(Outcome& outcome, const DecidedAccounts& decided) {
  for (budget::Account* const account : decided.accounts) {
    tighten(outcome.tokens, account->tokens(), decided.now);
    tighten(outcome.requests, account->requests(), decided.now);
  }
}

}  // namespace

budget::Claim claim_of(const ports::ReserveRequest& request) {
  return {.input_tokens = request.input_tokens,
          .expected_tokens = request.hold_tokens,
          .bound_tokens = request.bound_tokens,
          .input_cost = request.input_cost,
          .bound_cost = request.bound_cost,
          .answers = request.answers,
          .output_cost_per_token = request.output_cost_per_token,
          .smallest_cap = request.soften_to_tokens};
}

ports::ReserveOutcome refusal_of(const budget::Refused& refused, const DecidedAccounts& decided) {
  ports::ReserveOutcome outcome;
  outcome.refusal.by = refused_by(refused.by);
  outcome.refusal.account = decided.names[refused.account];
  outcome.refusal.retry_after = refused.retry_after;
  show_rates(outcome.refusal, decided);
  return outcome;
}

ports::ReserveOutcome grant_of(EventId reservation, const budget::Granted& granted, const DecidedAccounts& decided) {
  ports::ReserveOutcome outcome;
  ports::Reservation& made = outcome.granted.emplace();
  made.id = reservation;
  made.held_tokens = granted.hold.expected_tokens;
  made.output_cap = granted.output_cap;
  if (granted.output_cap) {
    made.softened_by = granted.softened_by_budget ? ports::SoftenedBy::budget : ports::SoftenedBy::quota;
  }
  made.renewable = !decided.accounts.empty();
  made.counts_on_budget =
      std::ranges::any_of(decided.accounts, [](const budget::Account* one) { return one->term().has_value(); });
  show_rates(made, decided);
  return outcome;
}

ports::ReserveOutcome refused_by_store() {
  ports::ReserveOutcome outcome;
  outcome.refusal.by = ports::RefusedBy::store;
  return outcome;
}

}  // namespace obleth::adapters
