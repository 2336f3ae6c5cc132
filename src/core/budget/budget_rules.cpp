#include "core/budget/budget_rules.hpp"

#include <algorithm>
#include <limits>

#include "domain/tokens.hpp"

namespace obleth::budget {
namespace {

__extension__ using Wide = __int128;

constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t pico_per_nano = 1000;
constexpr std::int64_t ns_per_ms = 1'000'000;

// What the request takes when every answer is cut at the cap.
Hold hold_at_cap(const Claim& claim, std::int64_t cap) {
  const std::int64_t output = saturating_multiply(claim.answers, cap);
  const Wide pico = static_cast<Wide>(output) * claim.output_cost_per_token.value;
  // One more than what is whole, so that the truth, rounded once, is never above the sum of two rounded parts.
  const Wide nano = std::min<Wide>(pico / pico_per_nano + 1, largest);
  Hold hold;
  hold.bound.tokens = std::min(claim.bound_tokens, saturating_add(claim.input_tokens, output));
  hold.bound.cost.value =
      std::min(claim.bound_cost.value, saturating_add(claim.input_cost.value, static_cast<std::int64_t>(nano)));
  hold.expected_tokens = std::min(claim.expected_tokens, hold.bound.tokens);
  return hold;
}

Hold whole_hold(const Claim& claim) {
  return {.expected_tokens = claim.expected_tokens, .bound = {claim.bound_tokens, claim.bound_cost}};
}

std::int64_t cap_within_tokens(const Claim& claim, std::int64_t tokens) {
  const std::int64_t output = saturating_add(tokens, -claim.input_tokens);
  return output < 0 ? -1 : output / std::max<std::int64_t>(claim.answers, 1);
}

std::int64_t cap_within_cost(const Claim& claim, std::int64_t nano_usd) {
  const std::int64_t output_nano = saturating_add(nano_usd, -claim.input_cost.value);
  if (output_nano <= 0) return -1;
  if (claim.output_cost_per_token.value <= 0) return largest;
  const Wide output = (static_cast<Wide>(output_nano) * pico_per_nano - 1) / claim.output_cost_per_token.value;
  return static_cast<std::int64_t>(std::min<Wide>(output / std::max<std::int64_t>(claim.answers, 1), largest));
}

// The longest answers that the account's budget can still pay; absent: the whole request fits.
std::optional<std::int64_t> cap_by_budget(const Claim& claim, const Account& account) {
  std::optional<std::int64_t> cap;
  const auto tighten = [&cap](std::int64_t other) { cap = std::min(cap.value_or(largest), other); };
  if (claim.bound_tokens == 0 && claim.bound_cost.value == 0) return cap;  // it takes nothing, not even of a debt
  const std::optional<std::int64_t> tokens = account.tokens_left();
  const std::optional<std::int64_t> nano_usd = account.nano_usd_left();
  if (tokens && claim.bound_tokens > *tokens) tighten(cap_within_tokens(claim, *tokens));
  if (nano_usd && claim.bound_cost.value > *nano_usd) tighten(cap_within_cost(claim, *nano_usd));
  return cap;
}

Duration until(WallTime end, WallTime now) {
  return Duration(saturating_multiply(saturating_add(end.unix_ms, -now.unix_ms), ns_per_ms));
}

class Decider {
 public:
  Decider(const Claim& claim, Moment at) : claim_(claim), at_(at), hold_(whole_hold(claim)) {}

  // False: the account's budget refuses the request.
  bool ask_budget(const Account& account, std::size_t index) {
    const std::optional<std::int64_t> cap = cap_by_budget(claim_, account);
    if (!cap) return true;
    if (!acceptable(*cap)) {
      refused_ = Refused{Limit::budget, index, until(account.term()->end, at_.wall)};
      return false;
    }
    budget_cap_ = std::min(budget_cap_, *cap);
    hold_ = hold_at_cap(claim_, budget_cap_);
    return true;
  }

  void ask_rates(Account& account, std::size_t index) {
    if (TokenBucket* const requests = account.requests(); requests != nullptr && !requests->admits(1, at_.now)) {
      refuse(Limit::requests_per_minute, index, requests->wait_for(1, at_.now));
    }
    TokenBucket* const tokens = account.tokens();
    if (tokens == nullptr || hold_.expected_tokens == 0 || tokens->admits(hold_.expected_tokens, at_.now)) return;
    const std::int64_t cap = cap_within_tokens(claim_, tokens->level(at_.now));
    if (acceptable(cap)) {
      rate_cap_ = std::min(rate_cap_, cap);
      return;
    }
    const std::int64_t enough = hold_at_cap(claim_, claim_.smallest_cap.value_or(largest)).expected_tokens;
    refuse(Limit::tokens_per_minute, index, tokens->wait_for(std::min(enough, hold_.expected_tokens), at_.now));
  }

  [[nodiscard]] Decision decision() const {
    if (refused_) return *refused_;
    const std::int64_t cap = std::min(budget_cap_, rate_cap_);
    if (cap == largest) return Granted{.hold = hold_, .output_cap = {}};
    return Granted{.hold = hold_at_cap(claim_, cap), .output_cap = cap, .softened_by_budget = budget_cap_ <= rate_cap_};
  }

 private:
  [[nodiscard]] bool acceptable(std::int64_t cap) const { return claim_.smallest_cap && cap >= *claim_.smallest_cap; }

  void refuse(Limit by, std::size_t index, Duration wait) {
    if (!refused_ || wait > refused_->retry_after) refused_ = Refused{by, index, wait};
  }

  const Claim& claim_;
  Moment at_;
  Hold hold_;
  std::int64_t budget_cap_ = largest;
  std::int64_t rate_cap_ = largest;
  std::optional<Refused> refused_;
};

}  // namespace

Decision decide(const Claim& claim, std::span<Account* const> accounts, Moment at) {
  Decider decider(claim, at);
  for (std::size_t index = 0; index < accounts.size(); ++index) {
    if (!decider.ask_budget(*accounts[index], index)) return decider.decision();
  }
  for (std::size_t index = 0; index < accounts.size(); ++index)
    decider.ask_rates(*accounts[index], index);
  return decider.decision();
}

Granted softened_most(const Claim& claim, const Granted& granted) {
  const std::int64_t cap = *claim.smallest_cap;
  return {.hold = hold_at_cap(claim, cap), .output_cap = cap, .softened_by_budget = granted.softened_by_budget};
}

}  // namespace obleth::budget
