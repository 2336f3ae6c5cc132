#include "core/budget/account.hpp"

#include <algorithm>
#include <limits>

#include "core/budget/budget_window.hpp"
#include "domain/tokens.hpp"

namespace obleth::budget {
namespace {

// A clock that is set back by less keeps its term: what was spent in it is not asked for again.
constexpr std::int64_t clock_correction_ms_max = 3'600'000;
// The row of a request that ended has long been written by then.
constexpr Duration remembered_after = std::chrono::seconds(10);

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

Account::Account(const KeptAccount& kept)
    : tokens_(kept.tokens),
      requests_(kept.requests),
      budget_(kept.budget),
      term_(kept.term),
      spent_(kept.spent),
      held_tokens_(kept.held.tokens),
      held_nano_usd_(kept.held.cost.value) {}

void Account::obey_rates(const Quota& quota, Instant now) {
  obey_limit(tokens_, quota.tokens_per_minute, now);
  obey_limit(requests_, quota.requests_per_minute, now);
}

void Account::obey_told(const Limits& limits, const ToldTerm& told, Instant now) {
  obey_rates(limits.quota, now);
  budget_ = limits.budget;
  term_ = told.term;
  spent_ = told.spent;
}

void Account::obey(const Limits& limits, const std::string& timezone, Moment at) {
  obey_rates(limits.quota, at.now);
  const bool new_rule = !same_term_rule(budget_, limits.budget);
  const bool moved = timezone_ != timezone;
  if (moved) timezone_ = timezone;
  budget_ = limits.budget;
  if (!budget_) {
    term_.reset();
    unknown_.reset();
    return;
  }
  // Another time zone, or a clock set back, does not begin a term anew: what is spent stays until better is known.
  const bool another_term = moved && term_ && budget_window(*budget_, timezone_, at.wall) != term_;
  const bool set_back = term_ && at.wall.unix_ms < term_->begin.unix_ms - clock_correction_ms_max;
  if (new_rule) {
    open_term(at.wall, {});
  } else if (another_term || set_back) {
    open_term(at.wall, spent_);
  } else {
    enter_term_of(at.wall);
  }
}

void Account::open_term(WallTime now, const Amount& assumed) {
  counted_from_ = WallTime{now.unix_ms + 1};  // what ends in this millisecond may be over already
  term_ = budget_window(*budget_, timezone_, now);
  spent_ = assumed_ = assumed;
  note_unknown();
}

void Account::enter_term_of(WallTime now) {
  if (term_ && now < term_->end) return;
  const std::optional<WallSpan> entered = budget_window(*budget_, timezone_, now);
  if (!entered) return;
  term_ = entered;
  spent_ = assumed_ = {};
  note_unknown();
}

void Account::note_unknown() {
  unknown_.reset();
  if (term_ && term_->begin < counted_from_) unknown_ = WallSpan{term_->begin, counted_from_};
}

void Account::learn(const WallSpan& span, const Amount& spent) {
  if (unknown_ != span) return;
  subtract(spent_, assumed_);
  add(spent_, spent);
  assumed_ = {};
  unknown_.reset();
}

std::optional<std::int64_t> Account::tokens_left() const {
  if (!term_ || !budget_->tokens) return std::nullopt;
  return left_of(*budget_->tokens, spent_.tokens, held().tokens);
}

std::optional<std::int64_t> Account::nano_usd_left() const {
  if (!term_ || !budget_->cost) return std::nullopt;
  return left_of(budget_->cost->value, spent_.cost.value, held().cost.value);
}

Amount Account::held() const {
  constexpr Wide largest = std::numeric_limits<std::int64_t>::max();
  return {.tokens = static_cast<std::int64_t>(std::min(held_tokens_, largest)),
          .cost = {static_cast<std::int64_t>(std::min(held_nano_usd_, largest))}};
}

void Account::take(const Hold& hold, Instant now) {
  if (tokens_) tokens_->take(hold.expected_tokens, now);
  if (requests_) requests_->take(1, now);
  held_tokens_ += hold.bound.tokens;
  held_nano_usd_ += hold.bound.cost.value;
  ++open_;
}

WallTime Account::settle(const Settlement& settlement, Instant now) {
  if (tokens_) tokens_->take(settlement.used.tokens - settlement.hold.expected_tokens, now);
  if (requests_ && settlement.refund_request) requests_->take(-1, now);
  held_tokens_ -= settlement.hold.bound.tokens;
  held_nano_usd_ -= settlement.hold.bound.cost.value;
  --open_;
  return spend(settlement, now);
}

WallTime Account::charge(const Amount& used, WallTime ended_at, Instant now) {
  if (tokens_) tokens_->take(used.tokens, now);
  return spend({.hold = {}, .used = used, .ended_at = ended_at}, now);
}

WallTime Account::spend(const Settlement& settlement, Instant now) {
  if (!budget_) return settlement.ended_at;
  const WallTime counted_at = std::max(settlement.ended_at, counted_from_);
  enter_term_of(counted_at);
  if (term_) add(spent_, settlement.used);
  spent_at_ = now;
  return counted_at;
}

bool Account::is_untouched(Moment at, bool spending_is_remembered) const {
  const bool full = (!tokens_ || tokens_->is_full(at.now)) && (!requests_ || requests_->is_full(at.now));
  const bool nothing_spent = !term_ || at.wall >= term_->end || spent_ == Amount{};
  const bool remembered = spending_is_remembered && at.now - spent_at_ >= remembered_after;
  return open_ == 0 && full && (nothing_spent || remembered);
}

}  // namespace obleth::budget
