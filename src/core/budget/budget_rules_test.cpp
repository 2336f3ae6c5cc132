#include "core/budget/budget_rules.hpp"

#include <gtest/gtest.h>

#include <array>

namespace obleth::budget {
namespace {

using std::chrono::seconds;

constexpr std::int64_t noon = 1'700'049'600'000;  // 2023-11-15 12:00 UTC

Moment at(std::int64_t second, std::int64_t wall_ms = noon) {
  return {Instant(seconds(second)), {wall_ms}};
}

Limits per_minute(std::optional<std::int64_t> tokens, std::optional<std::int64_t> requests = {}) {
  Limits limits;
  limits.quota.tokens_per_minute = tokens;
  limits.quota.requests_per_minute = requests;
  return limits;
}

Limits daily(std::optional<std::int64_t> tokens, std::optional<std::int64_t> nano_usd = {}) {
  Limits limits;
  limits.budget = Budget{.period = BudgetPeriod::day, .starts_at = {}, .tokens = tokens, .cost = {}};
  if (nano_usd) limits.budget->cost = NanoUsd{*nano_usd};
  return limits;
}

Claim claim(std::int64_t input, std::int64_t expected_output, std::int64_t bound_output) {
  return {.input_tokens = input,
          .expected_tokens = input + expected_output,
          .bound_tokens = input + bound_output,
          .input_cost = {},
          .bound_cost = {},
          .output_cost_per_token = {},
          .smallest_cap = {}};
}

Decision decide_one(const Claim& claim, Account& account, Moment moment) {
  const std::array<Account*, 1> accounts{&account};
  return decide(claim, accounts, moment);
}

Granted granted(const Decision& decision) {
  EXPECT_TRUE(std::holds_alternative<Granted>(decision));
  return std::holds_alternative<Granted>(decision) ? std::get<Granted>(decision) : Granted{};
}

Refused refused(const Decision& decision) {
  EXPECT_TRUE(std::holds_alternative<Refused>(decision));
  return std::holds_alternative<Refused>(decision) ? std::get<Refused>(decision) : Refused{};
}

TEST(BudgetRules, WithoutLimitsEverythingPasses) {
  Account account;
  account.obey({}, "UTC", at(0));
  const Granted grant = granted(decide_one(claim(10, 20, 3000), account, at(0)));
  EXPECT_EQ(grant.hold.expected_tokens, 30);
  EXPECT_EQ(grant.hold.bound.tokens, 3010);
  EXPECT_FALSE(grant.output_cap);
}

TEST(BudgetRules, RatesCountTheExpectationAndBudgetsTheBound) {
  Account account;
  Limits limits = daily(1000);
  limits.quota.tokens_per_minute = 100;
  account.obey(limits, "UTC", at(0));
  account.take(granted(decide_one(claim(10, 20, 900), account, at(0))).hold, at(0).now);
  EXPECT_EQ(account.tokens()->level(at(0).now), 70);
  EXPECT_EQ(account.tokens_left(), 90);
}

TEST(BudgetRules, WhatTakesNoTokensIsNotRefusedForADebt) {
  Account account;
  Limits limits = daily(100);
  limits.quota.tokens_per_minute = 100;
  limits.quota.requests_per_minute = 2;
  account.obey(limits, "UTC", at(0));
  const Hold hold = granted(decide_one(claim(100, 0, 0), account, at(0))).hold;
  account.take(hold, at(0).now);
  account.settle({.hold = hold, .used = {500, {}}, .ended_at = {noon}}, at(0).now);
  EXPECT_EQ(refused(decide_one(claim(1, 0, 0), account, at(0))).by, Limit::budget);
  account.take(granted(decide_one(claim(0, 0, 0), account, at(0))).hold, at(0).now);
  EXPECT_EQ(refused(decide_one(claim(0, 0, 0), account, at(0))).by, Limit::requests_per_minute);
}

TEST(BudgetRules, AnEmptyBucketSaysExactlyWhen) {
  Account account;
  account.obey(per_minute(600), "UTC", at(0));
  account.take({.expected_tokens = 600, .bound = {}}, at(0).now);
  const Refused refusal = refused(decide_one(claim(50, 50, 50), account, at(0)));
  EXPECT_EQ(refusal.by, Limit::tokens_per_minute);
  EXPECT_EQ(refusal.retry_after, seconds(10));
  granted(decide_one(claim(50, 50, 50), account, at(10)));
}

TEST(BudgetRules, RequestsPerMinuteAreABucketToo) {
  Account account;
  account.obey(per_minute({}, 2), "UTC", at(0));
  for (int request = 0; request < 2; ++request)
    account.take(granted(decide_one(claim(1, 1, 1), account, at(0))).hold, at(0).now);
  const Refused refusal = refused(decide_one(claim(1, 1, 1), account, at(0)));
  EXPECT_EQ(refusal.by, Limit::requests_per_minute);
  EXPECT_EQ(refusal.retry_after, seconds(30));
}

TEST(BudgetRules, ARequestLargerThanTheBucketGoesWhenItIsFull) {
  Account account;
  account.obey(per_minute(100), "UTC", at(0));
  const Claim large = claim(500, 500, 500);
  account.take(granted(decide_one(large, account, at(0))).hold, at(0).now);
  EXPECT_EQ(account.tokens()->level(at(0).now), -900);
  EXPECT_EQ(refused(decide_one(large, account, at(0))).retry_after, seconds(600));
}

TEST(BudgetRules, WhatARateCannotHoldIsSoftenedToFit) {
  Account account;
  account.obey(per_minute(1000), "UTC", at(0));
  account.take({.expected_tokens = 500, .bound = {}}, at(0).now);
  Claim asked = claim(100, 600, 2000);
  EXPECT_EQ(refused(decide_one(asked, account, at(0))).by, Limit::tokens_per_minute);
  asked.smallest_cap = 256;
  const Granted grant = granted(decide_one(asked, account, at(0)));
  EXPECT_EQ(grant.output_cap, 400);
  EXPECT_FALSE(grant.softened_by_budget);
  EXPECT_EQ(grant.hold.expected_tokens, 500);
  EXPECT_EQ(grant.hold.bound.tokens, 500);
  asked.answers = 2;
  EXPECT_EQ(refused(decide_one(asked, account, at(0))).by, Limit::tokens_per_minute);
}

TEST(BudgetRules, TheWaitIsUntilTheSoftenedRequestFits) {
  Account account;
  account.obey(per_minute(600), "UTC", at(0));
  account.take({.expected_tokens = 600, .bound = {}}, at(0).now);
  Claim asked = claim(100, 400, 2000);
  EXPECT_EQ(refused(decide_one(asked, account, at(0))).retry_after, seconds(50));
  asked.smallest_cap = 200;
  EXPECT_EQ(refused(decide_one(asked, account, at(0))).retry_after, seconds(30));
  EXPECT_EQ(granted(decide_one(asked, account, at(30))).output_cap, 200);
}

TEST(BudgetRules, ABudgetIsUsableToItsEndButNotBeyond) {
  Account account;
  account.obey(daily(1000), "UTC", at(0));
  Claim asked = claim(100, 50, 2000);
  const Refused refusal = refused(decide_one(asked, account, at(0)));
  EXPECT_EQ(refusal.by, Limit::budget);
  EXPECT_EQ(refusal.retry_after, std::chrono::hours(12));
  asked.smallest_cap = 256;
  const Granted grant = granted(decide_one(asked, account, at(0)));
  EXPECT_EQ(grant.output_cap, 900);
  EXPECT_TRUE(grant.softened_by_budget);
  EXPECT_EQ(grant.hold.bound.tokens, 1000);
  const Granted least = softened_most(asked, grant);
  EXPECT_EQ(least.output_cap, 256);
  EXPECT_TRUE(least.softened_by_budget);
  EXPECT_EQ(least.hold.bound.tokens, 356);
  account.take(grant.hold, at(0).now);
  EXPECT_EQ(account.tokens_left(), 0);
  EXPECT_EQ(refused(decide_one(claim(1, 0, 0), account, at(0))).by, Limit::budget);
}

TEST(BudgetRules, ABudgetOfMoneyPaysForInputFirst) {
  Account account;
  account.obey(daily({}, 1'000'000), "UTC", at(0));
  Claim asked = claim(100, 50, 5000);
  asked.output_cost_per_token = {2'000'000};  // 2,000 nano-dollars
  asked.input_cost = {100'000};
  asked.bound_cost = {100'000 + 5000 * 2'000};
  EXPECT_EQ(refused(decide_one(asked, account, at(0))).by, Limit::budget);
  asked.smallest_cap = 256;
  const Granted grant = granted(decide_one(asked, account, at(0)));
  EXPECT_EQ(grant.output_cap, 449);  // 450 and the nano-dollar kept for rounding do not fit
  EXPECT_LE(grant.hold.bound.cost.value, 1'000'000);
  asked.input_cost = {1'000'001};
  EXPECT_EQ(refused(decide_one(asked, account, at(0))).by, Limit::budget);
}

TEST(BudgetRules, TheTighterOfTwoAccountsDecides) {
  Account key;
  Account tenant;
  key.obey(daily(800), "UTC", at(0));
  tenant.obey(per_minute(1000), "UTC", at(0));
  tenant.take({.expected_tokens = 600, .bound = {}}, at(0).now);
  const std::array<Account*, 2> both{&key, &tenant};
  Claim asked = claim(100, 500, 2000);
  asked.smallest_cap = 100;
  Granted grant = granted(decide(asked, both, at(0)));
  EXPECT_EQ(grant.output_cap, 300);
  EXPECT_FALSE(grant.softened_by_budget);
  key.obey(daily(300), "UTC", at(0));
  grant = granted(decide(asked, both, at(0)));
  EXPECT_EQ(grant.output_cap, 200);
  EXPECT_TRUE(grant.softened_by_budget);
  tenant.take({.expected_tokens = 400, .bound = {}}, at(0).now);
  const Refused refusal = refused(decide(asked, both, at(0)));
  EXPECT_EQ(refusal.by, Limit::tokens_per_minute);
  EXPECT_EQ(refusal.account, 1U);
}

TEST(BudgetRules, HugeClaimsSaturate) {
  Account account;
  account.obey(daily(1000, 1'000'000), "UTC", at(0));
  Claim asked = claim(10, 0, 0);
  asked.expected_tokens = asked.bound_tokens = std::numeric_limits<std::int64_t>::max();
  asked.bound_cost.value = std::numeric_limits<std::int64_t>::max();
  asked.answers = std::numeric_limits<std::int64_t>::max() / 2;
  asked.output_cost_per_token = {1'000'000'000'000'000'000};
  EXPECT_EQ(refused(decide_one(asked, account, at(0))).by, Limit::budget);
  asked.smallest_cap = 1;
  EXPECT_EQ(refused(decide_one(asked, account, at(0))).by, Limit::budget);
}

}  // namespace
}  // namespace obleth::budget
