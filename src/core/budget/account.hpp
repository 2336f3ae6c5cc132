// What one tenant or key may still take: its buckets per minute and its budget of the term.
//
// Pure; guarded by its owner. The limits come with every request, so that a change acts on the next one.
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

class Account {
 public:
  void obey(const Limits& limits, const std::string& timezone, Moment at);

  // Null where there is no such limit.
  [[nodiscard]] TokenBucket* tokens() { return tokens_ ? &*tokens_ : nullptr; }
  [[nodiscard]] TokenBucket* requests() { return requests_ ? &*requests_ : nullptr; }

  // The budget's term now; absent: no budget is in force.
  [[nodiscard]] const std::optional<WallSpan>& term() const { return term_; }
  [[nodiscard]] std::uint64_t term_number() const { return term_number_; }
  // Limit less spent and held; absent where that currency is not limited. Negative when overspent.
  [[nodiscard]] std::optional<std::int64_t> tokens_left() const;
  [[nodiscard]] std::optional<std::int64_t> nano_usd_left() const;
  [[nodiscard]] const Amount& spent() const { return spent_; }
  [[nodiscard]] const Amount& held() const { return held_; }

  void take(const Hold& hold, Instant now);
  // term_number: as it was when the hold was taken. What was held in a term that is over counts in that one only.
  struct Settlement {
    Hold hold;
    std::uint64_t term_number = 0;
    Amount used;
    bool refund_request = false;
  };
  void settle(const Settlement& settlement, Instant now);

  // Forgetting it would change nothing: nothing open, held or spent, buckets full.
  [[nodiscard]] bool is_untouched(Moment at) const;

 private:
  std::optional<TokenBucket> tokens_;
  std::optional<TokenBucket> requests_;
  std::optional<Budget> budget_;
  std::string timezone_;
  std::optional<WallSpan> term_;
  std::uint64_t term_number_ = 0;  // counts the terms in which spending began anew
  Amount spent_;
  Amount held_;
  std::uint32_t open_ = 0;  // reservations that are not settled
};

}  // namespace obleth::budget
