#include "core/budget/account.hpp"

#include <algorithm>

#include "core/budget/budget_window.hpp"
#include "domain/tokens.hpp"

namespace obleth::budget {
namespace {

void obey_limit(std::optional<TokenBucket>& bucket, std::optional<std::int64_t> per_minute, Instant now) {
  if (!per_minute) {
    bucket.reset();
  } else if (!bucket) {
    bucket.emplace(*per_minute, now);
  } else if (bucket->capacity() != *per_minute) {
    bucket->change_limit(*per_minute, now);
  }
}

void add(Amount& sum, const Amount& amount) {
  sum.tokens = saturating_add(sum.tokens, amount.tokens);
  sum.cost.value = saturating_add(sum.cost.value, amount.cost.value);
}

void subtract(Amount& sum, const Amount& amount) {
  sum.tokens = std::max<std::int64_t>(0, sum.tokens - amount.tokens);
  sum.cost.value = std::max<std::int64_t>(0, sum.cost.value - amount.cost.value);
}

std::int64_t left_of(std::int64_t limit, std::int64_t spent, std::int64_t held) {
  return saturating_add(limit, -saturating_add(spent, held));
}

bool same_term_rule(const std::optional<Budget>& one, const std::optional<Budget>& other) {
  return one && other && one->period == other->period && one->starts_at == other->starts_at;
}

}  // namespace

void Account::obey(const Limits& limits, const std::string& timezone, Moment at) {
  obey_limit(tokens_, limits.quota.tokens_per_minute, at.now);
  obey_limit(requests_, limits.quota.requests_per_minute, at.now);
  const bool new_rule = !same_term_rule(budget_, limits.budget);
  const bool moved = timezone_ != timezone;
  if (moved) timezone_ = timezone;
  budget_ = limits.budget;
  if (!budget_) {
    term_.reset();
    return;
  }
  // A clock set back does not bring back a term that is over, nor does another time zone begin one anew.
  const bool over = !term_ || at.wall >= term_->end;
  if (new_rule || over || moved) term_ = budget_window(*budget_, timezone_, at.wall);
  if (!new_rule && !over) return;
  ++term_number_;
  spent_ = {};
  held_ = {};
}

std::optional<std::int64_t> Account::tokens_left() const {
  if (!term_ || !budget_->tokens) return std::nullopt;
  return left_of(*budget_->tokens, spent_.tokens, held_.tokens);
}

std::optional<std::int64_t> Account::nano_usd_left() const {
  if (!term_ || !budget_->cost) return std::nullopt;
  return left_of(budget_->cost->value, spent_.cost.value, held_.cost.value);
}

void Account::take(const Hold& hold, Instant now) {
  if (tokens_) tokens_->take(hold.expected_tokens, now);
  if (requests_) requests_->take(1, now);
  if (term_) add(held_, hold.bound);
  ++open_;
}

void Account::settle(const Settlement& settlement, Instant now) {
  if (tokens_) tokens_->take(settlement.used.tokens - settlement.hold.expected_tokens, now);
  if (requests_ && settlement.refund_request) requests_->take(-1, now);
  --open_;
  if (!term_ || settlement.term_number != term_number_) return;
  subtract(held_, settlement.hold.bound);
  add(spent_, settlement.used);
}

bool Account::is_untouched(Moment at) const {
  const bool full = (!tokens_ || tokens_->is_full(at.now)) && (!requests_ || requests_->is_full(at.now));
  const bool nothing_spent = !term_ || at.wall >= term_->end || (spent_ == Amount{} && held_ == Amount{});
  return open_ == 0 && full && nothing_spent;
}

}  // namespace obleth::budget
