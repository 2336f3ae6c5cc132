#include "adapters/redis/budget_state.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "adapters/redis/budget_scripts.hpp"
#include "core/budget/budget_window.hpp"
#include "domain/tokens.hpp"

namespace obleth::adapters {
namespace {

constexpr std::int64_t nano_per_dollar = 1'000'000'000;
constexpr std::int64_t remainder_per_unit = 1'000'000;  // minute-nanoseconds: 60 × 10^9 in a token
constexpr std::size_t state_words = 17;

std::string number(std::int64_t value) {
  return std::to_string(value);
}

// Of a limit per minute or in a budget; -1: none.
std::string limit_text(const std::optional<std::int64_t>& limit, std::int64_t most) {
  return number(limit ? std::clamp<std::int64_t>(*limit, 0, most) : -1);
}

// Tells one rule of terms from another: a changed one is counted anew.
std::string rule_text(const Budget& budget, const std::string& timezone) {
  const auto starts_at = budget.starts_at ? number(budget.starts_at->unix_ms) : std::string();
  return number(static_cast<std::int64_t>(budget.period)) + "|" + starts_at + "|" + timezone;
}

std::optional<budget::TokenBucket> bucket_of(const AccountState::Bucket& kept, Instant now) {
  if (kept.limit < 0) return std::nullopt;
  // Floored, so that the remainder is never negative.
  std::int64_t level = kept.level / bucket_units;
  std::int64_t units = kept.level % bucket_units;
  if (units < 0) {
    units += bucket_units;
    --level;
  }
  return budget::TokenBucket(kept.limit, {.level = level, .remainder = units * remainder_per_unit}, now);
}

}  // namespace

bool is_limited(const ports::LimitedAccount& limits) {
  return limits.quota.tokens_per_minute || limits.quota.requests_per_minute || limits.budget;
}

std::string field_of(const ports::SpendingAccount& id) {
  const auto* const key = std::get_if<KeyId>(&id);
  return key == nullptr ? "t" : "k" + key->hex();
}

std::string ChargedAccount::field() const {
  return field_of(id);
}

std::vector<ChargedAccount> charged_by(const ports::ReserveRequest& request) {
  std::vector<ChargedAccount> charged;
  if (is_limited(request.key_limits)) charged.push_back({request.key, "key", request.key_limits, request.timezone});
  if (is_limited(request.tenant_limits)) {
    charged.push_back({request.tenant, "tenant", request.tenant_limits, request.timezone});
  }
  return charged;
}

void append_cost(std::vector<std::string>& arguments, NanoUsd cost) {
  arguments.push_back(number(cost.value / nano_per_dollar));
  arguments.push_back(number(cost.value % nano_per_dollar));
}

void append_amount(std::vector<std::string>& arguments, const budget::Amount& amount) {
  arguments.push_back(number(amount.tokens));
  append_cost(arguments, amount.cost);
}

std::string budget_key(const RedisServer& server, TenantId tenant) {
  return server.key("budget:" + std::string(budget_layout) + ":{" + tenant.hex() + "}");
}

std::string budget_expiries_key(const RedisServer& server, TenantId tenant) {
  return budget_key(server, tenant) + ":expiries";
}

void append_account(std::vector<std::string>& arguments, const ChargedAccount& account, WallTime now) {
  arguments.push_back(account.field());
  arguments.push_back(limit_text(account.limits.quota.tokens_per_minute, script_tokens_max));
  arguments.push_back(limit_text(account.limits.quota.requests_per_minute, script_tokens_max));
  const std::optional<Budget>& budget = account.limits.budget;
  const auto term = budget ? budget::budget_window(*budget, account.timezone, now) : std::nullopt;
  if (!term) {
    for (const char* word : {"-", "0", "0", "-1", "-1", "-1"})
      arguments.emplace_back(word);
    return;
  }
  arguments.push_back(rule_text(*budget, account.timezone));
  arguments.push_back(number(term->begin.unix_ms));
  arguments.push_back(number(std::min(term->end.unix_ms, script_number_max)));
  arguments.push_back(limit_text(budget->tokens, script_number_max));
  if (budget->cost) {
    append_cost(arguments, *budget->cost);
  } else {
    arguments.insert(arguments.end(), {"-1", "-1"});
  }
}

std::optional<AccountState> AccountState::parse(std::string_view packed) {
  const std::size_t rule_end = packed.find(' ');
  if (rule_end == std::string_view::npos) return std::nullopt;
  AccountState state;
  state.has_budget = packed.substr(0, rule_end) != "-";
  std::array<std::int64_t, state_words - 1> values{};
  const char* at = packed.data() + rule_end;
  const char* const end = packed.data() + packed.size();
  for (std::int64_t& value : values) {
    if (at == end || *at != ' ') return std::nullopt;
    const auto [next, problem] = std::from_chars(at + 1, end, value);
    if (problem != std::errc()) return std::nullopt;
    at = next;
  }
  state.term = {WallTime{values[0]}, WallTime{values[1]}};
  state.counted_from = WallTime{values[2]};
  state.is_unknown = values[3] == 1;
  state.spent = {values[4], {values[5] * nano_per_dollar + values[6]}};
  state.held = {values[7], {values[8] * nano_per_dollar + values[9]}};
  state.tokens = {values[10], values[11], WallTime{values[12]}};
  state.requests = {values[13], values[14], WallTime{values[15]}};
  return state;
}

void AccountState::refill(WallTime now) {
  for (Bucket* const bucket : {&tokens, &requests}) {
    if (bucket->limit < 0 || now <= bucket->at) continue;
    const std::int64_t gained = saturating_multiply(now.unix_ms - bucket->at.unix_ms, bucket->limit);
    bucket->level = std::min(bucket->limit * bucket_units, saturating_add(bucket->level, gained));
    bucket->at = now;
  }
}

AccountState AccountState::after(const budget::Hold& hold) const {
  AccountState taken = *this;
  taken.held.tokens = saturating_add(taken.held.tokens, hold.bound.tokens);
  taken.held.cost.value = saturating_add(taken.held.cost.value, hold.bound.cost.value);
  taken.tokens.level = saturating_add(taken.tokens.level, -saturating_multiply(hold.expected_tokens, bucket_units));
  taken.requests.level -= bucket_units;
  return taken;
}

budget::Account AccountState::account(const ports::LimitedAccount& limits, Instant now) const {
  budget::KeptAccount kept{.tokens = bucket_of(tokens, now), .requests = bucket_of(requests, now)};
  if (has_budget && limits.budget) {
    kept.budget = limits.budget;
    kept.term = term;
  }
  kept.spent = spent;
  kept.held = held;
  return budget::Account(kept);
}

}  // namespace obleth::adapters
