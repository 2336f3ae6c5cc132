#include "gateway/settle_cost.hpp"

#include <gtest/gtest.h>

#include "gateway/gateway_fixture.hpp"

namespace obleth::gateway {
namespace {

const ports::SettleRequest& last_settle(const TestGateway& gateway) {
  return gateway.ledger.settles.back();
}
std::int64_t input_estimate(const TestGateway& gateway) {
  return gateway.ledger.reserves.back().input_tokens;
}

std::int64_t settled_cost(const TestGateway& gateway) {
  return gateway.desk.snapshot(gateway.loop.now()).tenants.front().settled_cost.value;
}

// 100 ms a token: 20 tokens in 2 s.
void teach_speed(TestGateway& gateway) {
  ScriptedAnswer taught = good_answer();
  taught.head_takes = seconds(2);
  gateway.upstream.will_answer(taught);
  static_cast<void>(gateway.ask(chat()));
}

TEST(SettleCost, ACompleteAnswerIsBilledAsReported) {
  TestGateway gateway;
  const auto asked = gateway.ask(chat());
  EXPECT_EQ(last_settle(gateway).used_tokens, 30);
  EXPECT_EQ(last_settle(gateway).cost.value, 10 * 2 + 20 * 5);
  EXPECT_FALSE(last_settle(gateway).refund_request);
  EXPECT_EQ(asked.row.text("usage"), "upstream");
  EXPECT_EQ(asked.row.text("cost"), "0.00000012");
  EXPECT_EQ(gateway.metric(R"(obleth_tokens_total{model="m",type="output"})"), "20");
  EXPECT_EQ(gateway.metric(R"(obleth_cost_dollars_total{tenant="acme"})"), "0.00000012");
  // A token in is one unit of work and a token out four.
  EXPECT_EQ(gateway.desk.snapshot(gateway.loop.now()).tenants.front().settled_cost.value, 10'000 + 20 * 4000);
  EXPECT_TRUE(gateway.holds_nothing());
}

TEST(SettleCost, ANumberThatCannotBeIsBilledAndNoReasonToWait) {
  TestGateway gateway;
  gateway.upstream.will_answer(json_answer(200, R"({"usage":{"prompt_tokens":1e300,"completion_tokens":1e300}})"));
  const auto asked = gateway.ask(chat());
  EXPECT_EQ(asked.row.number("output_tokens"), wire::usage_tokens_max);
  EXPECT_EQ(gateway.desk.snapshot(gateway.loop.now()).tenants.front().settled_cost.value,
            input_estimate(gateway) * 1000 + 100 * 4000)
      << "what was expected, and the cap of the output";
}

TEST(SettleCost, AStreamIsBilledByTheLastUsageSeen) {
  TestGateway gateway;
  gateway.upstream.will_answer(stream_answer(
      {"data: "
       "{\"choices\":[{\"delta\":{\"content\":\"a\"}}],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":1}}\n\n",
       usage_event, done_event}));
  EXPECT_EQ(gateway.ask(chat_stream()).row.text("usage"), "upstream");
  EXPECT_EQ(last_settle(gateway).used_tokens, 30);
}

TEST(SettleCost, AnAnswerWithoutUsageIsCounted) {
  TestGateway gateway;
  gateway.upstream.will_answer(json_answer(200, std::string(400, ' ') + "{}"));
  EXPECT_EQ(gateway.ask(chat()).row.text("usage"), "estimated");
  EXPECT_EQ(last_settle(gateway).used_tokens, input_estimate(gateway) + 100);  // bytes / 4

  gateway.upstream.will_answer(json_answer(200, std::string(4000, ' ') + "{}"));
  EXPECT_EQ(gateway.ask(chat()).row.number("output_tokens"), 100) << "a guess is never more than was asked for";

  gateway.upstream.will_answer(stream_answer({token_event("a"), token_event("b"), token_event("c"), done_event}));
  EXPECT_EQ(gateway.ask(chat_stream()).row.number("output_tokens"), 3);
  EXPECT_EQ(last_settle(gateway).used_tokens, input_estimate(gateway) + 3);
  EXPECT_TRUE(gateway.holds_nothing());
}

TEST(SettleCost, AStreamThatTheClientLeavesIsBilledAsFarAsItCame) {
  TestGateway gateway;
  ScriptedAnswer stream =
      stream_answer({token_event("a"), token_event("b"), token_event("c"), usage_event, done_event});
  stream.piece_takes = seconds(1);
  gateway.upstream.will_answer(stream);
  const auto left = gateway.begin(chat_stream());
  gateway.loop.advance(milliseconds(2500));
  left->client.leave();
  ASSERT_TRUE(left->ended);
  const Row row = gateway.row_of(*left);
  EXPECT_EQ(row.number("status"), 499);
  EXPECT_EQ(row.text("error"), "client_closed_request");
  EXPECT_EQ(row.text("usage"), "estimated");
  EXPECT_EQ(row.number("output_tokens"), 2);
  EXPECT_EQ(last_settle(gateway).used_tokens, input_estimate(gateway) + 2);
  EXPECT_FALSE(left->client.finished);
  EXPECT_TRUE(gateway.holds_nothing());
}

TEST(SettleCost, AClientWhoseDepartureOnlyAWriteNoticesIsBilledTheSame) {
  TestGateway gateway;
  gateway.upstream.will_answer(stream_answer({token_event("a"), token_event("b"), token_event("c"), done_event}));
  const auto left = gateway.prepare(chat_stream());
  left->client.writes_max = 1;
  gateway.start(*left);
  ASSERT_TRUE(left->ended);
  EXPECT_EQ(gateway.row_of(*left).number("status"), 499);
  EXPECT_EQ(gateway.row_of(*left).number("output_tokens"), 2);  // the second was generated, too
  EXPECT_TRUE(gateway.holds_nothing());
}

TEST(SettleCost, AnAnswerInOnePieceThatIsCancelledIsBilledByItsTime) {
  TestGateway gateway;
  teach_speed(gateway);
  gateway.upstream.always_answers({.head_takes = hours(1)});
  const auto early = gateway.begin(chat());
  gateway.loop.advance(seconds(1));
  early->client.leave();
  EXPECT_EQ(gateway.row_of(*early).number("output_tokens"), 10);
  EXPECT_EQ(gateway.row_of(*early).text("usage"), "estimated");
  EXPECT_EQ(last_settle(gateway).used_tokens, input_estimate(gateway) + 10);
  EXPECT_EQ(last_settle(gateway).cost.value, input_estimate(gateway) * 2 + 10 * 5);
  // Never more than what was held for it.
  const auto late = gateway.begin(chat());
  gateway.loop.advance(seconds(60));
  late->client.leave();
  EXPECT_EQ(gateway.row_of(*late).number("output_tokens"), 100);
  EXPECT_TRUE(gateway.holds_nothing());
}

TEST(SettleCost, AStreamThatIsCancelledBeforeItBeganIsBilledItsInputAlone) {
  TestGateway gateway;
  teach_speed(gateway);
  gateway.upstream.always_answers({.head_takes = hours(1)});
  const auto left = gateway.begin(chat_stream());
  gateway.loop.advance(seconds(5));
  left->client.leave();
  ASSERT_TRUE(left->ended);
  EXPECT_EQ(gateway.row_of(*left).number("status"), 499);
  EXPECT_EQ(gateway.row_of(*left).number("output_tokens"), 0);
  EXPECT_EQ(last_settle(gateway).used_tokens, input_estimate(gateway));
  EXPECT_EQ(last_settle(gateway).cost.value, input_estimate(gateway) * 2);
  EXPECT_TRUE(gateway.holds_nothing());
}

TEST(SettleCost, AClientThatLeavesWhileARefusedRequestPausesIsChargedNothing) {
  for (const ScriptedAnswer& refused :
       {json_answer(503, "{}"), no_answer(FaultKind::broken, true), no_answer(FaultKind::timed_out, true)}) {
    TestGateway gateway;
    teach_speed(gateway);
    gateway.upstream.always_answers(refused);
    const auto left = gateway.begin(chat());
    ASSERT_FALSE(left->ended);  // pausing before its second try
    left->client.leave();
    EXPECT_EQ(gateway.row_of(*left).number("status"), 499);
    EXPECT_EQ(gateway.row_of(*left).number("input_tokens"), 0);
    EXPECT_EQ(last_settle(gateway).used_tokens, 0);
    EXPECT_EQ(last_settle(gateway).cost.value, 0);
    EXPECT_TRUE(gateway.holds_nothing());
  }
}

TEST(SettleCost, ARequestThatNeverReachedAnUpstreamIsChargedNothing) {
  TestGateway gateway;
  gateway.upstream.always_answers(no_answer(FaultKind::unreachable, true));
  const auto left = gateway.begin(chat());
  ASSERT_FALSE(left->ended);  // pausing before its second try
  left->client.leave();
  ASSERT_TRUE(left->ended);
  EXPECT_EQ(gateway.upstream.requests.size(), 1U);
  EXPECT_EQ(gateway.row_of(*left).number("status"), 499);
  EXPECT_EQ(gateway.row_of(*left).number("input_tokens"), 0);
  EXPECT_EQ(last_settle(gateway).used_tokens, 0);
  EXPECT_TRUE(last_settle(gateway).refund_request);
  EXPECT_TRUE(gateway.holds_nothing());
}

TEST(SettleCost, AClientThatLeavesWhileTheGatewayStillConnectsIsChargedNothing) {
  for (const ClientRequest& request : {chat(), chat_stream()}) {
    TestGateway gateway;
    teach_speed(gateway);
    const std::int64_t before = settled_cost(gateway);
    gateway.upstream.always_answers({.connects = false, .head_takes = hours(1)});
    const auto left = gateway.begin(request);
    gateway.loop.advance(seconds(2));
    left->client.leave();
    ASSERT_TRUE(left->ended);
    EXPECT_EQ(gateway.row_of(*left).number("status"), 499);
    EXPECT_EQ(gateway.row_of(*left).number("input_tokens"), 0);
    EXPECT_EQ(gateway.row_of(*left).number("output_tokens"), 0);
    EXPECT_EQ(last_settle(gateway).used_tokens, 0);
    EXPECT_EQ(last_settle(gateway).cost.value, 0);
    EXPECT_TRUE(last_settle(gateway).refund_request);
    EXPECT_EQ(settled_cost(gateway), before);
    EXPECT_TRUE(gateway.holds_nothing());
  }
}

TEST(SettleCost, WhateverKeptItFromConnectingTheRequestIsGivenBack) {
  for (const FaultKind kind :
       {FaultKind::unreachable, FaultKind::forbidden, FaultKind::timed_out, FaultKind::broken, FaultKind::exhausted}) {
    TestGateway gateway;
    ScriptedAnswer unconnected = no_answer(kind, false);
    unconnected.connects = false;
    gateway.upstream.always_answers(unconnected);
    static_cast<void>(gateway.ask(chat()));
    EXPECT_TRUE(last_settle(gateway).refund_request) << static_cast<int>(kind);
    EXPECT_EQ(settled_cost(gateway), 0);
    EXPECT_TRUE(gateway.holds_nothing());
  }
}

TEST(SettleCost, ARequestOfWhichAnEarlierAttemptHasLeftIsCharged) {
  TestGateway gateway;
  teach_speed(gateway);
  gateway.upstream.will_answer(no_answer(FaultKind::broken, true));
  gateway.upstream.always_answers({.connects = false, .head_takes = hours(1)});
  const auto left = gateway.begin(chat());
  gateway.loop.advance(seconds(2));
  ASSERT_EQ(gateway.upstream.requests.size(), 3U);  // the one that taught, and two tries
  left->client.leave();
  ASSERT_TRUE(left->ended);
  EXPECT_GT(last_settle(gateway).used_tokens, input_estimate(gateway));
  EXPECT_FALSE(last_settle(gateway).refund_request);
  EXPECT_TRUE(gateway.holds_nothing());
}

TEST(SettleCost, AStreamThatTheUpstreamBreaksIsBilledAsFarAsItCame) {
  TestGateway gateway;
  ScriptedAnswer stream = stream_answer({token_event("a"), token_event("b")});
  stream.cut = upstream_fault(FaultKind::broken, "reset", true);
  gateway.upstream.will_answer(stream);
  const auto asked = gateway.ask(chat_stream());
  EXPECT_EQ(asked.row.number("status"), 200);
  EXPECT_EQ(asked.row.text("error"), "stream_interrupted");
  EXPECT_EQ(asked.row.number("output_tokens"), 2);
  EXPECT_EQ(last_settle(gateway).used_tokens, input_estimate(gateway) + 2);
  EXPECT_TRUE(gateway.holds_nothing());
}

TEST(SettleCost, WhatTheUpstreamRefusesCostsNothing) {
  for (const int status : {400, 401, 404, 429, 500, 503}) {
    TestGateway gateway;
    gateway.upstream.always_answers(
        json_answer(status, R"({"error":{},"usage":{"prompt_tokens":10,"completion_tokens":20}})"));
    const auto asked = gateway.ask(chat());
    EXPECT_EQ(asked.client.status, status);
    EXPECT_EQ(asked.row.number("input_tokens"), 0) << status;
    EXPECT_EQ(last_settle(gateway).used_tokens, 0);
    EXPECT_EQ(last_settle(gateway).cost.value, 0);
    EXPECT_TRUE(gateway.holds_nothing());
  }
}

TEST(SettleCost, WhatABudgetDidNotHoldIsCountedByWhoseFaultItIs) {
  TestGateway gateway;
  gateway.ledger.granted.counts_on_budget = true;
  const std::string by_input = R"(obleth_budget_overrun_tokens_total{tenant="acme",reason="input_estimate"})";
  const std::string by_output = R"(obleth_budget_overrun_tokens_total{tenant="acme",reason="upstream_bound"})";
  static_cast<void>(gateway.ask(chat()));
  EXPECT_EQ(gateway.metric(by_input), "") << "what the output left unused pays for the input";
  gateway.upstream.will_answer(json_answer(200, R"({"usage":{"prompt_tokens":2000,"completion_tokens":90}})"));
  static_cast<void>(gateway.ask(chat()));
  const std::int64_t held = gateway.ledger.reserves.back().bound_tokens;
  EXPECT_EQ(gateway.metric(by_input), std::to_string(2090 - held));
  gateway.upstream.will_answer(json_answer(200, R"({"usage":{"prompt_tokens":1,"completion_tokens":5000}})"));
  static_cast<void>(gateway.ask(chat()));
  EXPECT_EQ(gateway.metric(by_output), std::to_string(5001 - gateway.ledger.reserves.back().bound_tokens));
}

TEST(SettleCost, AnUpstreamThatNeverAnswersCostsNothing) {
  for (const FaultKind kind :
       {FaultKind::unreachable, FaultKind::timed_out, FaultKind::broken, FaultKind::bad_answer}) {
    TestGateway gateway;
    gateway.upstream.always_answers(no_answer(kind, true));
    static_cast<void>(gateway.ask(chat()));
    ASSERT_EQ(gateway.ledger.settles.size(), 1U);
    EXPECT_EQ(last_settle(gateway).used_tokens, 0);
    EXPECT_TRUE(gateway.holds_nothing());
  }
}

TEST(SettleCost, TheSlotOfARequestThatTimedOutIsInItsRow) {
  TestGateway gateway;
  ScriptedAnswer silent = no_answer(FaultKind::timed_out, false);
  silent.head_takes = seconds(300);
  gateway.upstream.will_answer(silent);
  const auto asked = gateway.ask(chat());
  EXPECT_EQ(asked.client.status, 504);
  EXPECT_EQ(asked.row.number("total_ms"), 300'000);
  EXPECT_EQ(gateway.metric(R"(obleth_gpu_seconds_total{tenant="acme"})"), "300");
  EXPECT_FALSE(last_settle(gateway).refund_request) << "the upstream had it";
  // Charged by the engine for the seconds that it kept others out.
  EXPECT_EQ(gateway.desk.snapshot(gateway.loop.now()).tenants.front().settled_cost.value, 300 * 60'000);
}

TEST(SettleCost, AnAnswerThatIsCutByShutdownIsSettledOnce) {
  TestGateway gateway;
  ScriptedAnswer stream = stream_answer({token_event("a"), token_event("b")});
  stream.piece_takes = seconds(1);
  gateway.upstream.will_answer(stream);
  auto running = gateway.begin(chat_stream());
  gateway.loop.advance(milliseconds(1500));
  running.reset();
  EXPECT_EQ(gateway.ledger.settles.size(), 1U);
  EXPECT_TRUE(gateway.holds_nothing());
}

TEST(SettleCost, WhatPassesThroughCostsTokensOnlyWhereTheyAreTold) {
  TestGateway gateway;
  gateway.serve_everything_else_at("http://default:1");
  EXPECT_EQ(gateway.ask(post("/tokenize", "{}")).row.number("input_tokens"), 10);
  EXPECT_EQ(last_settle(gateway).used_tokens, 30);
  gateway.upstream.will_answer({.pieces = {std::string(4000, 'x')}});
  const auto untold = gateway.ask(post("/files", "{}"));
  EXPECT_EQ(last_settle(gateway).used_tokens, 0);
  EXPECT_EQ(untold.row.text("usage"), "counted");
  EXPECT_EQ(untold.row.text("route"), "passthrough");
  EXPECT_TRUE(gateway.holds_nothing());
}

TEST(SettleCost, TheTruthTeachesTheNextEstimate) {
  TestGateway gateway;
  gateway.upstream.always_answers(json_answer(200, R"({"usage":{"prompt_tokens":18,"completion_tokens":7}})"));
  static_cast<void>(gateway.ask(chat()));
  const std::int64_t first = input_estimate(gateway);
  for (int request = 0; request < 20; ++request)
    static_cast<void>(gateway.ask(chat()));
  EXPECT_NE(first, 18);
  EXPECT_EQ(input_estimate(gateway), 18);
  EXPECT_EQ(gateway.ledger.reserves.back().hold_tokens, 18 + 7);
}

TEST(SettleCost, ACutAnswerTeachesNothing) {
  TestGateway gateway;
  ScriptedAnswer stream = stream_answer({usage_event});
  stream.cut = upstream_fault(FaultKind::broken, "reset", true);
  gateway.upstream.always_answers(stream);
  for (int request = 0; request < 21; ++request)
    static_cast<void>(gateway.ask(chat_stream()));
  EXPECT_EQ(gateway.ledger.reserves.back().hold_tokens - input_estimate(gateway), 100);
  EXPECT_EQ(input_estimate(gateway), gateway.ledger.reserves.front().input_tokens);
}

}  // namespace
}  // namespace obleth::gateway
