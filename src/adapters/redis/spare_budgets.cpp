#include "adapters/redis/spare_budgets.hpp"

#include <algorithm>
#include <limits>

#include "adapters/budget/claim_of.hpp"
#include "adapters/redis/budget_scripts.hpp"
#include "domain/tokens.hpp"

namespace obleth::adapters {
namespace {

std::optional<budget::TokenBucket> part_of_bucket(const AccountState::Bucket& kept, std::optional<std::int64_t> limit,
                                                  std::int64_t replicas, Instant at) {
  if (!limit) return std::nullopt;
  const std::int64_t mine = std::max<std::int64_t>(1, *limit / replicas);
  const std::int64_t level = kept.limit < 0 ? mine : kept.level / bucket_units / replicas;
  return budget::TokenBucket(mine, {.level = std::min(level, mine)}, at);
}

std::int64_t part_of_rest(std::int64_t limit, std::int64_t spent, std::int64_t held, std::int64_t replicas) {
  return std::max<std::int64_t>(0, saturating_add(limit, -saturating_add(spent, held))) / replicas;
}

}  // namespace

void SpareBudgets::learn(TenantId tenant, const ChargedAccount& account, const AccountState& state, Instant now) {
  const std::lock_guard lock(mutex_);
  if (told_.size() >= accounts_max) {
    told_.clear();
    news_.clear();
    in_use_.clear();
  }
  Name name{tenant.bits, account.field()};
  Told& told = told_[name];
  const bool is_news = state.has_budget && !state.is_unknown;
  if (is_news && !told.is_news) news_.push_back(name);
  if (!told.is_in_use) in_use_.push_back(std::move(name));
  told = {.state = state,
          .at = now,
          .used_at = now,
          .spare = std::nullopt,
          .account = account.id,
          .is_news = told.is_news || is_news,
          .is_in_use = true};
}

std::map<TenantId, std::vector<std::string>> SpareBudgets::take_stale(Instant now) {
  const std::lock_guard lock(mutex_);
  std::map<TenantId, std::vector<std::string>> stale;
  for (std::size_t left = std::min(in_use_.size(), stale_max); left > 0; --left) {
    Name name = std::move(in_use_.front());
    in_use_.pop_front();
    Told& told = told_[name];
    told.is_in_use = now - told.used_at < in_use_for;
    if (!told.is_in_use) continue;
    if (now - told.at >= fresh_for) stale[TenantId{name.tenant}].push_back(name.field);
    in_use_.push_back(std::move(name));
  }
  return stale;
}

void SpareBudgets::refresh(TenantId tenant, const std::string& field, const AccountState& state, Instant asked_at) {
  const std::lock_guard lock(mutex_);
  const auto found = told_.find(Name{tenant.bits, field});
  if (found == told_.end() || state.is_unknown) return;
  Told& told = found->second;
  if (told.at > asked_at || told.spare) return;
  told.state = state;
  told.at = asked_at;
}

budget::Account SpareBudgets::part_of(const Told& told, const ports::LimitedAccount& limits, budget::Moment at) const {
  const AccountState& state = told.state;
  const std::int64_t sharers = replicas();
  budget::KeptAccount kept{
      .tokens = part_of_bucket(state.tokens, limits.quota.tokens_per_minute, sharers, told.at),
      .requests = part_of_bucket(state.requests, limits.quota.requests_per_minute, sharers, told.at)};
  if (!limits.budget || !state.has_budget) return budget::Account(kept);
  kept.budget = limits.budget;
  kept.term = state.term;
  AccountState now = state;
  if (at.wall >= state.term.end) {
    // The term that was told is over: nothing is spent of the next one.
    kept.term = WallSpan{state.term.end, WallTime{std::numeric_limits<std::int64_t>::max()}};
    now.spent = {};
  }
  if (limits.budget->tokens) {
    kept.budget->tokens = part_of_rest(*limits.budget->tokens, now.spent.tokens, now.held.tokens, sharers);
  }
  if (limits.budget->cost) {
    kept.budget->cost =
        NanoUsd{part_of_rest(limits.budget->cost->value, now.spent.cost.value, now.held.cost.value, sharers)};
  }
  return budget::Account(kept);
}

ports::ReserveOutcome SpareBudgets::reserve(const ports::ReserveRequest& request,
                                            const std::vector<ChargedAccount>& charged, budget::Moment at) {
  const std::lock_guard lock(mutex_);
  std::vector<budget::Account*> accounts;
  std::vector<const char*> names;
  Held held;
  bool is_unguarded = false;
  for (const ChargedAccount& each : charged) {
    Name name{request.tenant.bits, each.field()};
    const auto told = told_.find(name);
    if (told == told_.end() || told->second.state.is_unknown) {
      is_unguarded = true;
      continue;
    }
    if (!told->second.spare) told->second.spare = part_of(told->second, each.limits, at);
    accounts.push_back(&*told->second.spare);
    names.push_back(each.name);
    held.accounts.push_back(std::move(name));
  }
  const budget::Decision decision = budget::decide(claim_of(request), accounts, at);
  if (const auto* refused = std::get_if<budget::Refused>(&decision)) {
    return refusal_of(*refused, {accounts, names, at.now});
  }
  const auto& granted = std::get<budget::Granted>(decision);
  for (budget::Account* const account : accounts)
    account->take(granted.hold, at.now);
  held.hold = granted.hold;
  held_[request.reservation] = std::move(held);
  ports::ReserveOutcome outcome = grant_of(request.reservation, granted, {accounts, names, at.now});
  outcome.granted->renewable = true;  // Redis holds it when it is back
  outcome.granted->unguarded = is_unguarded;
  return outcome;
}

budget::Amount SpareBudgets::bound_of(EventId reservation) const {
  const std::lock_guard lock(mutex_);
  const auto found = held_.find(reservation);
  return found == held_.end() ? budget::Amount() : found->second.hold.bound;
}

void SpareBudgets::settle(const ports::SettleRequest& request, Instant now) {
  const std::lock_guard lock(mutex_);
  const auto found = held_.find(request.reservation);
  if (found == held_.end()) return;
  for (const Name& name : found->second.accounts) {
    const auto told = told_.find(name);
    // Told of again since: Redis counts it.
    if (told == told_.end() || !told->second.spare) continue;
    told->second.spare->settle({.hold = found->second.hold,
                                .used = {request.used_tokens, request.cost},
                                .ended_at = request.ended_at,
                                .refund_request = request.refund_request},
                               now);
  }
  held_.erase(found);
}

std::vector<ports::SpendingCheckpoint> SpareBudgets::take_told() {
  const std::lock_guard lock(mutex_);
  std::vector<ports::SpendingCheckpoint> checkpoints;
  for (const Name& name : news_) {
    const auto told = told_.find(name);
    if (told == told_.end()) continue;
    told->second.is_news = false;
    const AccountState& state = told->second.state;
    if (!state.has_budget || state.is_unknown) continue;
    checkpoints.push_back({.account = told->second.account,
                           .term_begin = state.term.begin,
                           .spent = {.tokens = state.spent.tokens, .cost = state.spent.cost}});
  }
  news_.clear();
  return checkpoints;
}

bool SpareBudgets::knows(TenantId tenant, const std::string& field) const {
  const std::lock_guard lock(mutex_);
  return told_.contains(Name{tenant.bits, field});
}

WallTime SpareBudgets::counted_from(TenantId tenant, const std::string& field) const {
  const std::lock_guard lock(mutex_);
  const auto told = told_.find(Name{tenant.bits, field});
  if (told == told_.end() || !told->second.state.has_budget) return WallTime{0};
  return told->second.state.counted_from;
}

}  // namespace obleth::adapters
