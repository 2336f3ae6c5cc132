#include "gateway/await_turn.hpp"

#include <gtest/gtest.h>

#include "gateway/gateway_fixture.hpp"

namespace obleth::gateway {
namespace {

const GatewayBounds one_slot = {.admission = {.capacity = 1, .tenant_queue_max = 2}};
const GatewayBounds five_seconds = {.admission = {.capacity = 1, .admission_timeout = seconds(5)}};

ScriptedAnswer slow_answer() {
  ScriptedAnswer answer = good_answer();
  answer.head_takes = seconds(10);
  return answer;
}

TEST(AwaitTurn, ARequestWaitsUntilASlotIsFree) {
  TestGateway gateway(one_slot);
  gateway.upstream.always_answers(slow_answer());
  const auto first = gateway.begin(chat());
  const auto second = gateway.begin(chat());
  EXPECT_EQ(gateway.upstream.requests.size(), 1U);
  EXPECT_EQ(gateway.desk.queued(), 1U);
  gateway.finish(*second);
  EXPECT_EQ(first->client.header("x-obleth-admission"), "fast");
  EXPECT_EQ(second->client.header("x-obleth-admission"), "queued");
  EXPECT_EQ(gateway.row_of(*second).number("queue_ms"), 10'000);
  EXPECT_NE(second->client.header("Server-Timing")->find("queue;dur=10000.000"), std::string::npos);
  EXPECT_TRUE(gateway.holds_nothing());
}

TEST(AwaitTurn, AFullQueueRefusesAtOnceAndGivesTheReservationBack) {
  TestGateway gateway(one_slot);
  gateway.ledger.granted.requests = ports::RateState{.limit = 60, .remaining = 7, .reset = seconds(1)};
  gateway.upstream.always_answers(slow_answer());
  const auto running = gateway.begin(chat());
  const auto first = gateway.begin(chat());
  const auto second = gateway.begin(chat());
  const auto third = gateway.begin(chat());
  ASSERT_TRUE(third->ended);
  EXPECT_EQ(third->client.status, 429);
  EXPECT_EQ(error_member(third->client, "type"), "overloaded_error");
  EXPECT_EQ(error_member(third->client, "code"), "queue_full");
  EXPECT_TRUE(third->client.header("Retry-After"));
  EXPECT_EQ(third->client.header("x-ratelimit-remaining-requests"), "7");
  ASSERT_EQ(gateway.ledger.settles.size(), 1U);
  EXPECT_EQ(gateway.ledger.settles.front().reservation, third->id);
  EXPECT_EQ(gateway.ledger.settles.front().used_tokens, 0);
  EXPECT_TRUE(gateway.ledger.settles.front().refund_request);
  gateway.finish(*second);
  EXPECT_TRUE(gateway.holds_nothing());
}

TEST(AwaitTurn, NobodyWaitsLongerThanTheAdmissionTimeout) {
  TestGateway gateway(five_seconds);
  gateway.upstream.always_answers(slow_answer());
  const auto running = gateway.begin(chat());
  const auto waiting = gateway.begin(chat());
  gateway.loop.advance(milliseconds(4999));
  EXPECT_FALSE(waiting->ended);
  gateway.loop.advance(milliseconds(1));
  ASSERT_TRUE(waiting->ended);
  EXPECT_EQ(waiting->client.status, 429);
  EXPECT_EQ(error_member(waiting->client, "code"), "admission_timeout");
  EXPECT_NE(waiting->client.header("Server-Timing")->find("queue;dur=5000.000"), std::string::npos);
  EXPECT_TRUE(waiting->client.header("Retry-After"));
  EXPECT_EQ(gateway.row_of(*waiting).number("queue_ms"), 5000);
  EXPECT_EQ(gateway.ledger.settles.front().used_tokens, 0);
  gateway.finish(*running);
  EXPECT_TRUE(gateway.holds_nothing());
}

TEST(AwaitTurn, ALongerTimeoutHelpsWhoWaits) {
  TestGateway gateway(five_seconds);
  gateway.upstream.always_answers(slow_answer());
  const auto running = gateway.begin(chat());
  const auto waiting = gateway.begin(chat());
  gateway.desk.configure(
      fairshare::SetWaitLimits{.tenant_queue_max = 2, .pool_queue_max = 2, .admission_timeout = seconds(60)},
      gateway.loop.now());
  gateway.finish(*waiting);
  EXPECT_EQ(waiting->client.status, 200);
}

TEST(AwaitTurn, RetryAfterIsSpreadByAFifthAndNeverBelowASecond) {
  for (int request = 0; request < 50; ++request) {
    TestGateway gateway({.admission = {.capacity = 0, .tenant_queue_max = 0}});
    for (int drawn = 0; drawn < request * 8; ++drawn)
      static_cast<void>(gateway.entropy.bits128());
    const auto refused = gateway.begin(chat());
    const long after_ms = std::strtol(refused->client.header("retry-after-ms")->c_str(), nullptr, 10);
    EXPECT_GE(after_ms, 1000);
    EXPECT_LE(after_ms, 1500);
  }
}

fairshare::Explanation explained(const TestGateway& gateway, const Conversation& asked) {
  const auto told = fairshare::explain(gateway.desk.recent_dispatches(), {.request = asked.id});
  ensure(told.has_value(), "the request was given a slot");
  return *told;
}

TEST(AwaitTurn, WhyARequestWaitedCanBeToldAfterwards) {
  TestGateway gateway({.admission = {.capacity = 1}});
  gateway.model().brownout_max_tokens = 10;
  gateway.upstream.always_answers(slow_answer());
  const auto first = gateway.begin(chat());
  const auto second = gateway.begin(chat());
  const auto third = gateway.begin(chat().with("x-request-id", "order-7"));
  gateway.finish(*third);
  const fairshare::Explanation told = explained(gateway, *third);
  EXPECT_EQ(told.dispatch.cause, fairshare::WaitCause::pool_full);
  EXPECT_EQ(told.dispatch.position, 1U);
  EXPECT_EQ(told.dispatch.dispatched - told.dispatch.arrived, seconds(20));
  EXPECT_EQ(told.own.requests, 1U) << "the one that ran already is none that went first";
  EXPECT_EQ(told.dispatch.mark.requested_cap, 100);
  EXPECT_EQ(told.dispatch.mark.cut_by, fairshare::CutBy::saturation);
  EXPECT_TRUE(told.dispatch.is_over);
  EXPECT_EQ(explained(gateway, *first).dispatch.cause, fairshare::WaitCause::none);
  const auto by_client =
      fairshare::explain(gateway.desk.recent_dispatches(), {.client_mark = fairshare::client_mark_of("order-7")});
  ASSERT_TRUE(by_client);
  EXPECT_EQ(by_client->dispatch.mark.request, third->id);
}

TEST(AwaitTurn, WhatKeptARequestWaitingIsToldByItsNarrowestCause) {
  TestGateway by_tenant({.admission = {.capacity = 1}});
  by_tenant.who().tenant.quota.max_in_flight = 1;
  by_tenant.upstream.always_answers(slow_answer());
  const auto running = by_tenant.begin(chat());
  const auto waiting = by_tenant.begin(chat());
  by_tenant.finish(*waiting);
  EXPECT_EQ(explained(by_tenant, *waiting).dispatch.cause, fairshare::WaitCause::in_flight_limit);
}

TEST(AwaitTurn, AnAnswerCutByALimitIsExplainedByTheLimit) {
  TestGateway gateway;
  gateway.ledger.granted.output_cap = 50;
  gateway.ledger.granted.softened_by = ports::SoftenedBy::quota;
  const auto asked = gateway.ask(chat());
  const fairshare::Explanation told = explained(gateway, *asked.conversation);
  EXPECT_EQ(told.dispatch.output_cap, 50);
  EXPECT_EQ(told.dispatch.mark.cut_by, fairshare::CutBy::quota);
}

TEST(AwaitTurn, AClientThatLeavesTheQueueIsChargedNothing) {
  TestGateway gateway(one_slot);
  gateway.upstream.always_answers(slow_answer());
  const auto running = gateway.begin(chat());
  const auto waiting = gateway.begin(chat());
  waiting->client.leave();
  gateway.loop.advance(Duration{0});
  ASSERT_TRUE(waiting->ended);
  EXPECT_EQ(waiting->client.status, 0);
  EXPECT_EQ(gateway.row_of(*waiting).number("status"), 499);
  EXPECT_EQ(gateway.row_of(*waiting).text("admission"), "queued");
  ASSERT_EQ(gateway.ledger.settles.size(), 1U);
  EXPECT_EQ(gateway.ledger.settles.front().used_tokens, 0);
  EXPECT_TRUE(gateway.ledger.settles.front().refund_request);
  gateway.finish(*running);
  EXPECT_EQ(gateway.upstream.requests.size(), 1U);
  EXPECT_TRUE(gateway.holds_nothing());
}

TEST(AwaitTurn, AClientThatLeavesAsItsTurnComesIsChargedNothing) {
  TestGateway gateway(one_slot);
  gateway.upstream.always_answers(slow_answer());
  const auto running = gateway.begin(chat());
  const auto waiting = gateway.begin(chat());
  // The slot becomes free, and before the loop has told the request, its client is gone.
  running->client.leave();
  ASSERT_EQ(gateway.desk.queued(), 0U);
  waiting->client.leave();
  gateway.loop.advance(Duration{0});
  ASSERT_TRUE(waiting->ended);
  EXPECT_EQ(gateway.upstream.requests.size(), 1U);
  EXPECT_EQ(gateway.row_of(*waiting).number("status"), 499);
  EXPECT_EQ(gateway.row_of(*waiting).number("input_tokens"), 0);
  EXPECT_EQ(gateway.ledger.settles.back().reservation, waiting->id);
  EXPECT_EQ(gateway.ledger.settles.back().used_tokens, 0);
  EXPECT_TRUE(gateway.holds_nothing());
}

TEST(AwaitTurn, WhatAKeyMayNoLongerDoIsRefusedWhenItsTurnComes) {
  struct Change {
    void (*make)(ResolvedKey& who);
    int status;
    std::string_view code;
  };
  const Change changes[] = {
      {[](ResolvedKey& who) { who.key.expires_at = WallTime{1}; }, 403, "key_expired"},
      {[](ResolvedKey& who) { who.tenant.schedule.active_until = WallTime{1}; }, 403, "outside_access_window"},
      {[](ResolvedKey& who) { who.tenant.allowed_models = {"another"}; }, 404, "model_not_found"},
      {[](ResolvedKey& who) { who.key.allowed_models = std::vector<std::string>(); }, 404, "model_not_found"}};
  for (const Change& change : changes) {
    TestGateway gateway(one_slot);
    gateway.upstream.always_answers(slow_answer());
    const auto running = gateway.begin(chat());
    const auto waiting = gateway.begin(chat());
    change.make(gateway.who());
    gateway.finish(*waiting);
    EXPECT_EQ(waiting->client.status, change.status);
    EXPECT_EQ(error_member(waiting->client, "code"), change.code);
    EXPECT_NE(waiting->client.header("Server-Timing")->find("queue;dur=10000.000"), std::string::npos);
    EXPECT_EQ(gateway.upstream.requests.size(), 1U);
    EXPECT_EQ(gateway.ledger.settles.back().used_tokens, 0);
    EXPECT_TRUE(gateway.ledger.settles.back().refund_request);
    gateway.finish(*running);
    EXPECT_TRUE(gateway.holds_nothing());
  }
}

TEST(AwaitTurn, AKeyIsLookedUpASecondTimeOnlyAfterAWait) {
  TestGateway gateway(one_slot);
  gateway.upstream.always_answers(slow_answer());
  const auto running = gateway.begin(chat());
  EXPECT_EQ(gateway.keys.lookups, 1);
  const auto waiting = gateway.begin(chat());
  gateway.keys.unavailable = true;
  gateway.finish(*waiting);
  EXPECT_EQ(gateway.keys.lookups, 3);
  EXPECT_EQ(waiting->client.status, 200) << "a store that does not answer takes nothing away";
}

Task<void> leave_at(TestGateway& gateway, Conversation*& conversation, Instant due) {
  const bool came = co_await ports::Pause(gateway.loop, due);
  if (came) conversation->client.leave();
}

TEST(AwaitTurn, AClientMayLeaveAtTheMomentItsTimeIsUp) {
  TestGateway gateway(five_seconds);
  gateway.upstream.always_answers(slow_answer());
  const auto running = gateway.begin(chat());
  // Told before the alarm of the queue is, though both are due.
  Conversation* leaving = nullptr;
  spawn(leave_at(gateway, leaving, gateway.loop.now() + seconds(5)));
  const auto waiting = gateway.begin(chat());
  leaving = waiting.get();
  gateway.loop.advance(seconds(5));
  ASSERT_TRUE(waiting->ended);
  EXPECT_EQ(waiting->client.status, 0);
  EXPECT_EQ(gateway.row_of(*waiting).number("status"), 499);
  gateway.finish(*running);
  EXPECT_TRUE(gateway.holds_nothing());
}

TEST(AwaitTurn, ARequestThatIsDestroyedInTheQueueLeavesIt) {
  TestGateway gateway(one_slot);
  gateway.upstream.always_answers(slow_answer());
  auto running = gateway.begin(chat());
  auto waiting = gateway.begin(chat());
  waiting.reset();
  EXPECT_EQ(gateway.desk.queued(), 0U);
  running.reset();
  EXPECT_TRUE(gateway.holds_nothing());
}

TEST(AwaitTurn, ARequestThatIsDestroyedAsItsTurnComesGivesTheSlotBack) {
  TestGateway gateway(one_slot);
  gateway.upstream.always_answers(slow_answer());
  const auto running = gateway.begin(chat());
  auto waiting = gateway.begin(chat());
  running->client.leave();
  ASSERT_EQ(gateway.desk.in_flight(), 1U);
  waiting.reset();  // the loop does not turn again: as at shutdown
  EXPECT_TRUE(gateway.holds_nothing());
}

TEST(AwaitTurn, ATenantThatIsSuspendedMeanwhileIsToldSo) {
  TestGateway gateway(one_slot);
  gateway.upstream.always_answers(slow_answer());
  const auto running = gateway.begin(chat());
  const auto waiting = gateway.begin(chat());
  const Tenant& tenant = gateway.who().tenant;
  gateway.desk.configure(fairshare::SetTenant{.tenant = tenant.id, .group = tenant.group, .admits = false},
                         gateway.loop.now());
  gateway.loop.advance(Duration{0});
  ASSERT_TRUE(waiting->ended);
  EXPECT_EQ(waiting->client.status, 403);
  EXPECT_EQ(gateway.ledger.settles.front().reservation, waiting->id);
}

TEST(AwaitTurn, ATenantsOwnBoundMakesItWaitAndNotOthers) {
  TestGateway gateway;
  gateway.who().tenant.quota.max_in_flight = 1;
  ResolvedKey other = some_key();
  other.tenant.id = TenantId{{7, 7}};
  other.key.id = KeyId{{8, 8}};
  const std::string other_secret = "sk_" + std::string(48, 'c');
  gateway.keys.known[other_secret] = other;
  gateway.upstream.always_answers(slow_answer());
  const auto first = gateway.begin(chat());
  const auto second = gateway.begin(chat());
  const auto third = gateway.begin(chat().with_key(other_secret));
  EXPECT_EQ(gateway.desk.in_flight(), 2U);
  EXPECT_EQ(gateway.desk.queued(), 1U);
  gateway.finish(*second);
}

TEST(AwaitTurn, TheEngineKnowsWhatATokenOfTheModelCosts) {
  Model model = some_model();
  model.admission_weight = {2500};
  const fairshare::ModelSettings settings = fairshare_settings(model);
  EXPECT_EQ(settings.costs.admission_weight_thousandths, 2500);
  EXPECT_EQ(settings.costs.slot_second_thousandths, 150'000);  // 60 x 2.5 tokens
  model.slot_second_cost = Thousandths{7};
  EXPECT_EQ(fairshare_settings(model).costs.slot_second_thousandths, 7);
}

}  // namespace
}  // namespace obleth::gateway
