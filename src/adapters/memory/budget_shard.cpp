#include "adapters/memory/budget_shard.hpp"

#include <algorithm>
#include <span>
#include <utility>
#include <variant>

#include "adapters/budget/claim_of.hpp"
#include "base/ensure.hpp"

namespace obleth::adapters {
namespace {

constexpr std::size_t accounts_before_sweep = 1024;

bool is_limited(const ports::LimitedAccount& limits) {
  return limits.quota.tokens_per_minute || limits.quota.requests_per_minute || limits.budget;
}

}  // namespace

// The accounts that a request counts against.
struct BudgetShard::Charged {
  std::array<budget::Account*, 2> account{};
  std::array<Bits128, 2> id{};
  std::array<const char*, 2> name{};
  std::size_t count = 0;

  void add(Bits128 account_id, const char* account_name, KeptAccount* kept) {
    if (kept == nullptr) return;
    account[count] = &kept->account;
    id[count] = account_id;
    name[count] = account_name;
    ++count;
  }
  [[nodiscard]] std::span<budget::Account* const> all() const { return {account.data(), count}; }
  [[nodiscard]] bool is_unknown() const {
    return std::ranges::any_of(all(), [](const budget::Account* one) { return one->unknown().has_value(); });
  }
};

bool BudgetShard::OpenReservation::holds(Bits128 account) const {
  const auto held = std::span(accounts).first(account_count);
  return std::ranges::find(held, account) != held.end();
}

KeptAccount* BudgetShard::find(Bits128 id) {
  const auto found = accounts_.find(id);
  return found == accounts_.end() ? nullptr : &found->second;
}

KeptAccount* BudgetShard::obey(Bits128 id, const ports::LimitedAccount& limits, const std::string& timezone,
                               budget::Moment at) {
  KeptAccount* kept = find(id);
  if (kept == nullptr && !is_limited(limits)) return nullptr;
  if (kept == nullptr) kept = &accounts_[id];
  kept->account.obey({limits.quota, limits.budget}, timezone, at);
  return kept;
}

BudgetShard::Charged BudgetShard::charged_by(const ports::ReserveRequest& request, budget::Moment at) {
  Charged charged;
  charged.add(request.key.bits, "key", obey(request.key.bits, request.key_limits, request.timezone, at));
  charged.add(request.tenant.bits, "tenant", obey(request.tenant.bits, request.tenant_limits, request.timezone, at));
  return charged;
}

std::optional<ports::ReserveOutcome> BudgetShard::reserve(const ports::ReserveRequest& request, budget::Moment at,
                                                          UnknownSpending unknown) {
  release_expired(at);
  if (open_.size() >= open_max_) return refused_by_store();
  forget_untouched(at);
  const Charged charged = charged_by(request, at);
  const bool unguarded = unknown != UnknownSpending::ignored && charged.is_unknown();
  if (unguarded && unknown == UnknownSpending::asked) return std::nullopt;
  if (unguarded && unknown == UnknownSpending::refused) return refused_by_store();

  const budget::Decision decision = budget::decide(claim_of(request), charged.all(), at);
  const DecidedAccounts decided{charged.all(), charged.name, at.now};
  if (const auto* refused = std::get_if<budget::Refused>(&decision)) return refusal_of(*refused, decided);
  const auto& granted = std::get<budget::Granted>(decision);
  if (charged.count > 0) open(request, granted.hold, charged, at.now);
  ports::ReserveOutcome outcome = grant_of(request.reservation, granted, decided);
  outcome.granted->unguarded = unguarded;
  return outcome;
}

void BudgetShard::open(const ports::ReserveRequest& request, const budget::Hold& hold, const Charged& charged,
                       Instant now) {
  for (budget::Account* const account : charged.all())
    account->take(hold, now);
  open_.push_back({.id = request.reservation,
                   .expires_at = now + ports::reservation_lifetime,
                   .hold = hold,
                   .accounts = charged.id,
                   .account_count = charged.count});
  const bool is_new = open_by_id_.try_emplace(request.reservation, std::prev(open_.end())).second;
  ensure(is_new, "a reservation's id is its own");
}

WallTime BudgetShard::settle(const ports::SettleRequest& request, Instant now) {
  if (is_repeated(request.turn)) return request.ended_at;
  const auto found = open_by_id_.find(request.reservation);
  const OpenReservation* const reservation = found == open_by_id_.end() ? nullptr : &*found->second;
  const budget::Amount used{request.used_tokens, request.cost};
  WallTime counted_at = request.ended_at;
  for (const Bits128 id : {request.key.bits, request.tenant.bits}) {
    KeptAccount* const kept = find(id);
    if (kept == nullptr) continue;
    const bool held = reservation != nullptr && reservation->holds(id);
    const WallTime counted = held ? kept->account.settle({.hold = reservation->hold,
                                                          .used = used,
                                                          .ended_at = request.ended_at,
                                                          .refund_request = request.refund_request},
                                                         now)
                                  : kept->account.charge(used, request.ended_at, now);
    counted_at = std::max(counted_at, counted);
  }
  if (reservation != nullptr) {
    open_.erase(found->second);
    open_by_id_.erase(found);
  }
  return counted_at;
}

void BudgetShard::renew(EventId reservation, Instant now) {
  const auto found = open_by_id_.find(reservation);
  if (found == open_by_id_.end()) return;
  found->second->expires_at = now + ports::reservation_lifetime;
  open_.splice(open_.end(), open_, found->second);
}

void BudgetShard::release_expired(budget::Moment at) {
  while (!open_.empty() && open_.front().expires_at <= at.now) {
    const OpenReservation& expired = open_.front();
    for (const Bits128 id : std::span(expired.accounts).first(expired.account_count)) {
      accounts_.at(id).account.settle({.hold = expired.hold, .used = {}, .ended_at = at.wall}, at.now);
    }
    open_by_id_.erase(expired.id);
    open_.pop_front();
  }
}

void BudgetShard::forget_untouched(budget::Moment at) {
  if (accounts_.size() < std::max(next_sweep_, accounts_before_sweep)) return;
  std::erase_if(accounts_, [this, at](const auto& entry) {
    return entry.second.flight == nullptr && entry.second.account.is_untouched(at, spending_is_remembered_);
  });
  next_sweep_ = accounts_.size() * 2;
}

bool BudgetShard::is_repeated(const ports::SettleTurn& turn) {
  if (turn.sequence == 0) return false;
  std::uint64_t& last = last_sequences_[turn.stream];
  if (turn.sequence <= last) return true;
  last = turn.sequence;
  return false;
}

}  // namespace obleth::adapters
