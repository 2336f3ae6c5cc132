#include "adapters/memory/budget_ledger.hpp"

#include <algorithm>
#include <mutex>
#include <span>
#include <unordered_map>
#include <utility>
#include <variant>

#include "base/ensure.hpp"
#include "core/budget/budget_rules.hpp"

namespace obleth::adapters {
namespace {

constexpr std::size_t accounts_before_sweep = 1024;

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

bool is_limited(const ports::LimitedAccount& limits) {
  return limits.quota.tokens_per_minute || limits.quota.requests_per_minute || limits.budget;
}

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
void show_rates(Outcome& outcome, std::span<budget::Account* const> accounts, Instant now) {
  for (budget::Account* const account : accounts) {
    tighten(outcome.tokens, account->tokens(), now);
    tighten(outcome.requests, account->requests(), now);
  }
}

// One account's part in an open reservation.
struct Part {
  Bits128 account;
  std::uint64_t term_number = 0;
};

struct OpenReservation {
  budget::Hold hold;
  std::array<Part, 2> parts;
  std::size_t part_count = 0;
};

}  // namespace

// Accounts are found by the bits of the tenant's or key's id: both are random, so that they never meet.
struct MemoryBudgetLedger::Shard {
  struct BitsHash {
    std::size_t operator()(Bits128 bits) const { return hash_value(EventId{bits}); }
  };

  std::mutex mutex;
  std::unordered_map<Bits128, budget::Account, BitsHash> accounts;  // guarded by mutex, as all below
  std::unordered_map<EventId, OpenReservation> open;
  std::size_t next_sweep = accounts_before_sweep;

  budget::Account* find_limited(Bits128 id, const ports::LimitedAccount& limits, const std::string& timezone,
                                budget::Moment at) {
    const auto found = accounts.find(id);
    if (found == accounts.end() && !is_limited(limits)) return nullptr;
    budget::Account& account = found == accounts.end() ? accounts[id] : found->second;
    account.obey({limits.quota, limits.budget}, timezone, at);
    return &account;
  }

  void forget_untouched(budget::Moment at) {
    if (accounts.size() < next_sweep) return;
    std::erase_if(accounts, [at](const auto& entry) { return entry.second.is_untouched(at); });
    next_sweep = std::max(accounts_before_sweep, accounts.size() * 2);
  }

  ports::ReserveOutcome reserve(const ports::ReserveRequest& request, budget::Moment at);
  void settle(const ports::SettleRequest& request, Instant now);
};

ports::ReserveOutcome MemoryBudgetLedger::Shard::reserve(const ports::ReserveRequest& request, budget::Moment at) {
  ports::ReserveOutcome outcome;
  if (open.size() >= open_reservations_max / shard_count) {
    outcome.refusal.by = ports::RefusedBy::store;
    return outcome;
  }
  forget_untouched(at);
  std::array<budget::Account*, 2> limited{};
  std::array<Part, 2> parts;
  std::array<const char*, 2> names{};
  std::size_t count = 0;
  const auto ask = [&](Bits128 id, const ports::LimitedAccount& limits, const char* name) {
    budget::Account* const account = find_limited(id, limits, request.timezone, at);
    if (account == nullptr) return;
    limited[count] = account;
    parts[count] = {id, account->term_number()};
    names[count] = name;
    ++count;
  };
  ask(request.key.bits, request.key_limits, "key");
  ask(request.tenant.bits, request.tenant_limits, "tenant");
  const std::span<budget::Account* const> charged(limited.data(), count);

  const budget::Decision decision = budget::decide(claim_of(request), charged, at);
  if (const auto* refused = std::get_if<budget::Refused>(&decision)) {
    outcome.refusal.by = refused_by(refused->by);
    outcome.refusal.account = names[refused->account];
    outcome.refusal.retry_after = refused->retry_after;
    show_rates(outcome.refusal, charged, at.now);
    return outcome;
  }
  const auto& granted = std::get<budget::Granted>(decision);
  for (budget::Account* const account : charged)
    account->take(granted.hold, at.now);
  if (count > 0) {
    const bool is_new = open.try_emplace(request.reservation, OpenReservation{granted.hold, parts, count}).second;
    ensure(is_new, "a reservation's id is its own");
  }

  outcome.granted.emplace();
  ports::Reservation& reservation = *outcome.granted;
  reservation.id = request.reservation;
  reservation.held_tokens = granted.hold.expected_tokens;
  reservation.output_cap = granted.output_cap;
  if (granted.output_cap) {
    reservation.softened_by = granted.softened_by_budget ? ports::SoftenedBy::budget : ports::SoftenedBy::quota;
  }
  show_rates(reservation, charged, at.now);
  return outcome;
}

void MemoryBudgetLedger::Shard::settle(const ports::SettleRequest& request, Instant now) {
  const auto found = open.find(request.reservation);
  if (found == open.end()) return;
  const OpenReservation& reservation = found->second;
  for (const Part& part : std::span(reservation.parts).first(reservation.part_count)) {
    accounts.at(part.account)
        .settle({.hold = reservation.hold,
                 .term_number = part.term_number,
                 .used = {request.used_tokens, request.cost},
                 .refund_request = request.refund_request},
                now);
  }
  open.erase(found);
}

MemoryBudgetLedger::MemoryBudgetLedger(const ports::Clock& clock)
    : clock_(clock), shards_(std::make_unique<std::array<Shard, shard_count>>()) {}
MemoryBudgetLedger::~MemoryBudgetLedger() = default;

MemoryBudgetLedger::Shard& MemoryBudgetLedger::shard_of(TenantId tenant) const {
  return (*shards_)[hash_value(tenant) % shard_count];
}

Task<ports::ReserveOutcome> MemoryBudgetLedger::reserve(const ports::ReserveRequest& request) {
  const budget::Moment at{clock_.now(), clock_.wall_now()};
  Shard& shard = shard_of(request.tenant);
  const std::lock_guard lock(shard.mutex);
  co_return shard.reserve(request, at);
}

void MemoryBudgetLedger::settle(const ports::SettleRequest& request) {
  const Instant now = clock_.now();
  Shard& shard = shard_of(request.tenant);
  const std::lock_guard lock(shard.mutex);
  shard.settle(request, now);
}

std::size_t MemoryBudgetLedger::account_count() const {
  std::size_t count = 0;
  for (Shard& shard : *shards_) {
    const std::lock_guard lock(shard.mutex);
    count += shard.accounts.size();
  }
  return count;
}

std::size_t MemoryBudgetLedger::open_reservations() const {
  std::size_t count = 0;
  for (Shard& shard : *shards_) {
    const std::lock_guard lock(shard.mutex);
    count += shard.open.size();
  }
  return count;
}

}  // namespace obleth::adapters
