#include "gateway/reserve_budget.hpp"

#include <gtest/gtest.h>

#include "gateway/gateway_fixture.hpp"

namespace obleth::gateway {
namespace {

struct RefusedCase {
  ports::RefusedBy by;
  int status;
  std::string type;
  std::string code;
};

TEST(ReserveBudget, EachLimitSaysNoInItsOwnWay) {
  using enum ports::RefusedBy;
  const std::vector<RefusedCase> cases = {{tokens_per_minute, 429, "tokens", "rate_limit_exceeded"},
                                          {requests_per_minute, 429, "requests", "rate_limit_exceeded"},
                                          {budget, 429, "insufficient_quota", "insufficient_quota"},
                                          {store, 503, "service_unavailable_error", "store_unavailable"}};
  for (const RefusedCase& expected : cases) {
    TestGateway gateway;
    gateway.ledger.refusal = {.by = expected.by, .account = "tenant", .retry_after = milliseconds(1500)};
    const auto asked = gateway.ask(chat());
    EXPECT_EQ(asked.client.status, expected.status);
    EXPECT_EQ(error_member(asked.client, "type"), expected.type);
    EXPECT_EQ(error_member(asked.client, "code"), expected.code);
    EXPECT_EQ(asked.row.text("error"), expected.code);
    EXPECT_TRUE(gateway.upstream.requests.empty());
    EXPECT_TRUE(gateway.holds_nothing());
  }
}

TEST(ReserveBudget, ARateLimitTellsExactlyWhenToComeBack) {
  TestGateway gateway;
  gateway.ledger.refusal = {.by = ports::RefusedBy::tokens_per_minute,
                            .account = "key",
                            .retry_after = milliseconds(1500),
                            .tokens = ports::RateState{.limit = 1000, .remaining = -20, .reset = milliseconds(61'500)},
                            .requests = ports::RateState{.limit = 60, .remaining = 59, .reset = milliseconds(12)}};
  const auto asked = gateway.ask(chat());
  EXPECT_EQ(asked.client.header("Retry-After"), "2");
  EXPECT_EQ(asked.client.header("retry-after-ms"), "1500");
  EXPECT_EQ(asked.client.header("x-ratelimit-limit-tokens"), "1000");
  EXPECT_EQ(asked.client.header("x-ratelimit-remaining-tokens"), "0");
  EXPECT_EQ(asked.client.header("x-ratelimit-reset-tokens"), "1m1s");
  EXPECT_EQ(asked.client.header("x-ratelimit-remaining-requests"), "59");
  EXPECT_EQ(asked.client.header("x-ratelimit-reset-requests"), "12ms");
  EXPECT_FALSE(asked.client.header("x-should-retry"));
  EXPECT_NE(asked.client.body().find("The key's limit of tokens"), std::string::npos);
}

TEST(ReserveBudget, ASpentBudgetIsNotWorthAnotherTry) {
  TestGateway gateway;
  gateway.ledger.refusal = {.by = ports::RefusedBy::budget, .account = "tenant"};
  const auto asked = gateway.ask(chat());
  EXPECT_EQ(asked.client.header("x-should-retry"), "false");
  EXPECT_FALSE(asked.client.header("Retry-After"));
}

TEST(ReserveBudget, TheStateOfTheRatesComesWithASpentBudgetToo) {
  TestGateway gateway;
  gateway.ledger.refusal = {.by = ports::RefusedBy::budget,
                            .account = "tenant",
                            .tokens = ports::RateState{.limit = 1000, .remaining = 900, .reset = seconds(6)}};
  EXPECT_EQ(gateway.ask(chat()).client.header("x-ratelimit-remaining-tokens"), "900");
}

TEST(ReserveBudget, WhatPassesThroughAsksForTheLeastThereIs) {
  TestGateway gateway;
  gateway.serve_everything_else_at("http://default:1");
  static_cast<void>(gateway.ask(post("/files", "{}")));
  const ports::ReserveRequest& reserve = gateway.ledger.reserves.front();
  EXPECT_EQ(reserve.bound_tokens, 1);
  EXPECT_EQ(reserve.bound_cost.value, 1);
  EXPECT_FALSE(reserve.soften_to_tokens);
}

TEST(ReserveBudget, RequestsThatPassUnguardedAreCounted) {
  TestGateway gateway;
  gateway.ledger.granted.unguarded = true;
  static_cast<void>(gateway.ask(chat()));
  EXPECT_EQ(gateway.metric(R"(obleth_budget_unguarded_requests_total{tenant="acme"})"), "1");
}

TEST(ReserveBudget, ResetsAreWrittenAsOpenAiWritesThem) {
  EXPECT_EQ(reset_text(Duration{0}), "0ms");
  EXPECT_EQ(reset_text(milliseconds(999)), "999ms");
  EXPECT_EQ(reset_text(milliseconds(1500)), "1.5s");
  EXPECT_EQ(reset_text(seconds(360)), "6m0s");
  EXPECT_EQ(reset_text(hours(1) + seconds(5)), "1h0m5s");
  EXPECT_EQ(reset_text(seconds(-3)), "0ms");
}

TEST(ReserveBudget, BudgetsHoldTheUpperBoundAndBucketsTheExpectation) {
  TestGateway gateway;
  static_cast<void>(
      gateway.ask(post("/v1/completions", R"({"model":"m","prompt":["a","b"],"n":3,"max_tokens":1000})")));
  const ports::ReserveRequest& reserve = gateway.ledger.reserves.front();
  EXPECT_GE(reserve.input_tokens, 1);
  EXPECT_EQ(reserve.answers, 6);
  EXPECT_EQ(reserve.bound_tokens, reserve.input_tokens + 6000);
  EXPECT_EQ(reserve.hold_tokens, reserve.input_tokens + 512);
  EXPECT_EQ(reserve.bound_cost.value, 2 * reserve.input_tokens + 5 * 6000);
  EXPECT_EQ(reserve.input_cost.value, 2 * reserve.input_tokens);
}

TEST(ReserveBudget, TheLargerOfTwoCapsCountsAndTheModelsOwnStandsIn) {
  TestGateway gateway;
  static_cast<void>(gateway.ask(chat(R"(,"max_completion_tokens":300)")));
  static_cast<void>(gateway.ask(chat(R"(,"max_completion_tokens":30)")));
  static_cast<void>(gateway.ask(post("/v1/chat/completions", R"({"model":"m","messages":[]})")));
  const auto& reserves = gateway.ledger.reserves;
  EXPECT_EQ(reserves[0].bound_tokens - reserves[0].input_tokens, 300);
  EXPECT_EQ(reserves[1].bound_tokens - reserves[1].input_tokens, 100);
  EXPECT_EQ(reserves[2].bound_tokens - reserves[2].input_tokens, gateway.model().default_max_tokens);
}

TEST(ReserveBudget, APromptThatIsOnlyScoredIsHeldAsOneTokenOfOutput) {
  TestGateway gateway;
  const ClientRequest score = post("/v1/completions", R"({"model":"m","prompt":"x","max_tokens":0,"echo":true})");
  EXPECT_EQ(gateway.ask(score).client.status, 200);
  const ports::ReserveRequest& reserve = gateway.ledger.reserves.back();
  EXPECT_EQ(reserve.bound_tokens, reserve.input_tokens + 1);
  EXPECT_GE(reserve.hold_tokens, reserve.input_tokens);
  EXPECT_EQ(gateway.upstream.requests.back().body, score.body);
}

TEST(ReserveBudget, EmbeddingsHoldTheirInputAlone) {
  TestGateway gateway;
  static_cast<void>(gateway.ask(post("/v1/embeddings", R"({"model":"m","input":["some text","more"]})")));
  const ports::ReserveRequest& reserve = gateway.ledger.reserves.front();
  EXPECT_GE(reserve.input_tokens, 1);
  EXPECT_EQ(reserve.hold_tokens, reserve.input_tokens);
  EXPECT_EQ(reserve.bound_tokens, reserve.input_tokens);
  EXPECT_FALSE(reserve.soften_to_tokens);
}

TEST(ReserveBudget, NoClientOverflowsAnEstimate) {
  TestGateway gateway;
  static_cast<void>(gateway.ask(
      post("/v1/completions", R"({"model":"m","prompt":["a","b","c"],"n":16,"max_tokens":9223372036854775807})")));
  ASSERT_EQ(gateway.ledger.reserves.size(), 1U);
  EXPECT_EQ(gateway.ledger.reserves.front().bound_tokens, INT64_MAX);
  EXPECT_EQ(gateway.ledger.reserves.front().bound_cost.value, INT64_MAX);
}

TEST(ReserveBudget, ASmallerAnswerIsOfferedWhereTheTenantAllowsIt) {
  TestGateway gateway;
  static_cast<void>(gateway.ask(chat()));
  EXPECT_EQ(gateway.ledger.reserves.back().soften_to_tokens, 100);  // never more than was asked for
  static_cast<void>(gateway.ask(post("/v1/chat/completions", R"({"model":"m","messages":[],"max_tokens":9000})")));
  EXPECT_EQ(gateway.ledger.reserves.back().soften_to_tokens, 256);
}

TEST(ReserveBudget, AnAnswerThatACutWouldBreakIsNotOfferedSmaller) {
  for (const char* member :
       {R"(,"response_format":{"type":"json_schema","json_schema":{}})", R"(,"tool_choice":"required")",
        R"(,"tool_choice":{"type":"function","function":{"name":"f"}})"}) {
    TestGateway gateway;
    static_cast<void>(gateway.ask(chat(member)));
    EXPECT_FALSE(gateway.ledger.reserves.back().soften_to_tokens) << member;
  }
  TestGateway gateway;
  gateway.who().tenant.brownout = BrownoutPolicy::never;
  static_cast<void>(gateway.ask(chat()));
  EXPECT_FALSE(gateway.ledger.reserves.back().soften_to_tokens);
}

TEST(ReserveBudget, TheStateOfTheLimitsComesWithEveryAnswer) {
  TestGateway gateway;
  gateway.ledger.granted.requests = ports::RateState{.limit = 60, .remaining = 59, .reset = seconds(1)};
  const auto asked = gateway.ask(chat());
  EXPECT_EQ(asked.client.header("x-ratelimit-limit-requests"), "60");
  EXPECT_EQ(asked.client.header("x-ratelimit-reset-requests"), "1s");
  EXPECT_FALSE(asked.client.header("x-ratelimit-limit-tokens"));
}

}  // namespace
}  // namespace obleth::gateway
