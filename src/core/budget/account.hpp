// What one tenant or key may still take: its buckets per minute and its budget of the term.
//
// Spending counts in the term in which the request ended. An account knows what ended since it was opened; the part of
// the term before that is told by who remembers it (the spending book). Pure; guarded by its owner. The limits come
// with every request, so that a change acts on the next one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/budget/token_bucket.hpp"
#include "domain/budget.hpp"
#include "domain/calendar.hpp"

namespace obleth::budget {

struct Moment {
  Instant now;
  WallTime wall;
};

struct Limits {
  Quota quota;
  std::optional<Budget> budget;
  bool operator==(const Limits&) const = default;
};

// An amount of both currencies that a budget is counted in.
struct Amount {
  std::int64_t tokens = 0;
  NanoUsd cost;
  bool operator==(const Amount&) const = default;
};

// What one reservation took of every account: the buckets by expectation, the budget by the upper bound.
struct Hold {
  std::int64_t expected_tokens = 0;
  Amount bound;
};

// An account whose state is kept elsewhere, for as long as one decision takes.
struct KeptAccount {
  std::optional<TokenBucket> tokens;
  std::optional<TokenBucket> requests;
  std::optional<Budget> budget;  // with its term, where it is in force
  std::optional<WallSpan> term;
  Amount spent;
  Amount held;
};

class Account {
 public:
  Account() = default;
  explicit Account(const KeptAccount& kept);

  void obey(const Limits& limits, const std::string& timezone, Moment at);
  // The same where the budget's term, and what is spent of it, are known elsewhere. What is held stays held.
  struct ToldTerm {
    std::optional<WallSpan> term;
    Amount spent;
  };
  void obey_told(const Limits& limits, const ToldTerm& told, Instant now);

  // Null where there is no such limit.
  [[nodiscard]] TokenBucket* tokens() { return tokens_ ? &*tokens_ : nullptr; }
  [[nodiscard]] TokenBucket* requests() { return requests_ ? &*requests_ : nullptr; }

  // The budget's term now; absent: no budget is in force.
  [[nodiscard]] const std::optional<WallSpan>& term() const { return term_; }
  // Limit less spent and held; absent where that currency is not limited. Negative when overspent.
  [[nodiscard]] std::optional<std::int64_t> tokens_left() const;
  [[nodiscard]] std::optional<std::int64_t> nano_usd_left() const;
  [[nodiscard]] const Amount& spent() const { return spent_; }
  [[nodiscard]] Amount held() const;

  // The part of the term before this account was opened, until its spending is learned; absent: all is known. Until
  // then the account counts from what it knew under the former rule.
  [[nodiscard]] const std::optional<WallSpan>& unknown() const { return unknown_; }
  // What was spent in that span. Another span than the unknown one is out of date: no effect.
  void learn(const WallSpan& span, const Amount& spent);

  void take(const Hold& hold, Instant now);
  struct Settlement {
    Hold hold;
    Amount used;
    WallTime ended_at;
    bool refund_request = false;
  };
  // Both answer when the request counts as ended: at ended_at, but never before the account was opened. Its row has to
  // bear that moment, so that it is counted once, here or by who remembers the time before.
  WallTime settle(const Settlement& settlement, Instant now);
  // The truth of a request of which nothing is held here.
  WallTime charge(const Amount& used, WallTime ended_at, Instant now);

  // Forgetting it would change nothing: nothing open or held, buckets full, and nothing spent but what is remembered
  // elsewhere by now and would be learned again.
  [[nodiscard]] bool is_untouched(Moment at, bool spending_is_remembered) const;

 private:
  __extension__ using Wide = __int128;

  void obey_rates(const Quota& quota, Instant now);
  void open_term(WallTime now, const Amount& assumed);
  void enter_term_of(WallTime now);
  void note_unknown();
  WallTime spend(const Settlement& settlement, Instant now);

  std::optional<TokenBucket> tokens_;
  std::optional<TokenBucket> requests_;
  std::optional<Budget> budget_;
  std::string timezone_;
  std::optional<WallSpan> term_;
  WallTime counted_from_;  // what ends from here on is counted in spent_
  std::optional<WallSpan> unknown_;
  Amount assumed_;  // part of spent_, in place of what is unknown
  Amount spent_;
  Instant spent_at_;
  Wide held_tokens_ = 0;  // wide: a bound may be anything, and what is taken must go back exactly
  Wide held_nano_usd_ = 0;
  std::uint32_t open_ = 0;  // reservations that are not settled
};

}  // namespace obleth::budget
