#include "adapters/redis/spare_budgets.hpp"

#include <algorithm>
#include <limits>

#include "adapters/budget/claim_of.hpp"
#include "adapters/redis/budget_scripts.hpp"
#include "core/budget/budget_window.hpp"
#include "domain/tokens.hpp"

namespace obleth::adapters {
namespace {

std::int64_t part_of_rate(std::int64_t per_minute, std::int64_t replicas) {
  return std::max<std::int64_t>(1, per_minute / replicas);
}

std::optional<std::int64_t> part_of_rate(const std::optional<std::int64_t>& per_minute, std::int64_t replicas) {
  if (!per_minute) return std::nullopt;
  return part_of_rate(*per_minute, replicas);
}

// As Redis told it.
std::optional<budget::TokenBucket> part_of_bucket(const AccountState::Bucket& kept, std::int64_t replicas, Instant at) {
  if (kept.limit < 0) return std::nullopt;
  const std::int64_t mine = part_of_rate(kept.limit, replicas);
  return budget::TokenBucket(mine, {.level = std::min(kept.level / bucket_units / replicas, mine)}, at);
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
          .part = std::nullopt,
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
  if (told.at > asked_at || told.part) return;
  told.state = state;
  told.at = asked_at;
}

SpareBudgets::Part& SpareBudgets::part_of(Told& told, const ChargedAccount& charged, budget::Moment at) const {
  const budget::Limits limits{.quota = charged.limits.quota, .budget = charged.limits.budget};
  if (!told.part) {
    const budget::KeptAccount kept{.tokens = part_of_bucket(told.state.tokens, replicas(), told.at),
                                   .requests = part_of_bucket(told.state.requests, replicas(), told.at)};
    told.part = Part{.account = budget::Account(kept)};
  } else if (told.part->limits == limits && told.part->timezone == charged.timezone && at.wall < told.part->until) {
    return *told.part;
  }
  Part& part = *told.part;
  if (at.wall >= part.until) {
    // Of the term that is over nothing is spent any more; a settlement may have entered the next.
    const std::optional<WallSpan>& entered = part.account.term();
    part.spent = entered && at.wall < entered->end ? part.account.spent() : budget::Amount();
  }
  part.limits = limits;
  part.timezone = charged.timezone;
  give_limits(part, told.state, at);
  return part;
}

void SpareBudgets::give_limits(Part& part, const AccountState& state, budget::Moment at) const {
  const std::int64_t sharers = replicas();
  budget::Limits mine{.quota = {.tokens_per_minute = part_of_rate(part.limits.quota.tokens_per_minute, sharers),
                                .requests_per_minute = part_of_rate(part.limits.quota.requests_per_minute, sharers)},
                      .budget = part.limits.budget};
  std::optional<WallSpan> term;
  part.until = WallTime{std::numeric_limits<std::int64_t>::max()};
  part.is_unguarded = false;
  if (mine.budget) {
    term = budget::budget_window(*mine.budget, part.timezone, at.wall);
    part.until = term ? term->end : mine.budget->starts_at.value_or(at.wall);
  }
  if (term) {
    // Redis may have told of another term. If it lies in this one, that is the least that is spent; if it ended before,
    // nothing is; of anything else nobody knows.
    const bool is_part = state.has_budget && state.term.begin >= term->begin;
    const bool is_all = is_part && state.term.begin == term->begin;
    part.is_unguarded = !is_all && !(state.has_budget && state.term.end <= term->begin);
    const budget::Amount spent = is_part ? state.spent : budget::Amount();
    if (mine.budget->tokens) {
      mine.budget->tokens = part_of_rest(*mine.budget->tokens, spent.tokens, state.held.tokens, sharers);
    }
    if (mine.budget->cost) {
      mine.budget->cost =
          NanoUsd{part_of_rest(mine.budget->cost->value, spent.cost.value, state.held.cost.value, sharers)};
    }
  }
  part.account.obey_told(mine, {.term = term, .spent = part.spent}, at.now);
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
    Part& part = part_of(told->second, each, at);
    is_unguarded = is_unguarded || part.is_unguarded;
    accounts.push_back(&part.account);
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
    if (told == told_.end() || !told->second.part) continue;
    Part& part = *told->second.part;
    part.spent.tokens = saturating_add(part.spent.tokens, request.used_tokens);
    part.spent.cost.value = saturating_add(part.spent.cost.value, request.cost.value);
    part.account.settle({.hold = found->second.hold,
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
