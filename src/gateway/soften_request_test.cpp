#include "gateway/soften_request.hpp"

#include <gtest/gtest.h>

#include "gateway/gateway_fixture.hpp"

namespace obleth::gateway {
namespace {

void soften_by_limits(TestGateway& gateway, std::int64_t cap, ports::SoftenedBy by) {
  gateway.ledger.granted.output_cap = cap;
  gateway.ledger.granted.softened_by = by;
}

// Lets a request wait twice as long as its tenant is expected to, and answers it.
std::unique_ptr<Conversation> under_pressure(TestGateway& gateway, const ClientRequest& request) {
  ScriptedAnswer first = good_answer();
  first.head_takes = seconds(10);
  gateway.upstream.will_answer(first);
  const auto running = gateway.begin(chat());
  auto waiting = gateway.begin(request);
  gateway.finish(*waiting);
  return waiting;
}

GatewayBounds one_slot() {
  return {.admission = {.capacity = 1, .brownout_wait = seconds(5)}};
}

TEST(SoftenRequest, LimitsThatHoldPartOfARequestCutItsAnswer) {
  struct Case {
    ports::SoftenedBy by;
    std::string reason;
  };
  for (const Case& softened : {Case{ports::SoftenedBy::quota, "quota"}, {ports::SoftenedBy::budget, "budget"}}) {
    TestGateway gateway;
    soften_by_limits(gateway, 50, softened.by);
    const auto asked = gateway.ask(chat());
    EXPECT_EQ(asked.client.status, 200);
    EXPECT_NE(gateway.upstream.requests.back().body.find(R"("max_tokens":50})"), std::string::npos);
    EXPECT_EQ(asked.client.header("x-obleth-brownout"), "max_tokens=50; reason=" + softened.reason);
    EXPECT_EQ(asked.client.header("x-obleth-admission"), "brownout");
    EXPECT_EQ(asked.row.text("admission"), "brownout");
    EXPECT_EQ(gateway.metric("obleth_brownouts_total{tenant=\"acme\",reason=\"" + softened.reason + "\"}"), "1");
  }
}

TEST(SoftenRequest, PressureCutsTheAnswersOfThoseWhoWait) {
  TestGateway gateway(one_slot());
  gateway.model().brownout_max_tokens = 10;
  const auto waited = under_pressure(gateway, chat());
  // Twice the learned 20 tokens, divided by a wait of twice the threshold.
  EXPECT_EQ(waited->client.header("x-obleth-brownout"), "max_tokens=20; reason=saturation");
  EXPECT_NE(gateway.upstream.requests.back().body.find(R"("max_tokens":20})"), std::string::npos);
  EXPECT_EQ(gateway.row_of(*waited).text("admission"), "brownout");
}

TEST(SoftenRequest, WithoutPressureNothingIsTouched) {
  TestGateway gateway;
  const auto asked = gateway.ask(chat());
  EXPECT_FALSE(asked.client.header("x-obleth-brownout"));
  EXPECT_EQ(gateway.upstream.requests.back().body, chat().body);
}

TEST(SoftenRequest, ACapIsNeverRaised) {
  TestGateway gateway(one_slot());  // the model's own floor of 256 is above the 100 that are asked for
  const auto waited = under_pressure(gateway, chat());
  EXPECT_FALSE(waited->client.header("x-obleth-brownout"));
  EXPECT_EQ(waited->client.header("x-obleth-admission"), "queued");
  EXPECT_EQ(gateway.upstream.requests.back().body, chat().body);
}

TEST(SoftenRequest, TheLowerOfTwoCapsActsAndSaysWhy) {
  TestGateway by_limits(one_slot());
  by_limits.model().brownout_max_tokens = 10;
  soften_by_limits(by_limits, 15, ports::SoftenedBy::budget);
  EXPECT_EQ(under_pressure(by_limits, chat())->client.header("x-obleth-brownout"), "max_tokens=15; reason=budget");
  TestGateway by_pressure(one_slot());
  by_pressure.model().brownout_max_tokens = 10;
  soften_by_limits(by_pressure, 60, ports::SoftenedBy::budget);
  EXPECT_EQ(under_pressure(by_pressure, chat())->client.header("x-obleth-brownout"),
            "max_tokens=20; reason=saturation");
}

TEST(SoftenRequest, AnswersThatACutWouldBreakAreExempt) {
  for (const char* member :
       {R"(,"response_format":{"type":"json_schema","json_schema":{}})", R"(,"tool_choice":"required")",
        R"(,"function_call":{"name":"f"})", R"(,"guided_json":{})", R"(,"structured_outputs":{"json":{}})"}) {
    TestGateway gateway(one_slot());
    gateway.model().brownout_max_tokens = 10;
    const auto waited = under_pressure(gateway, chat(member));
    EXPECT_FALSE(waited->client.header("x-obleth-brownout")) << member;
    EXPECT_EQ(gateway.upstream.requests.back().body, chat(member).body);
  }
}

TEST(SoftenRequest, ATenantMayRatherWait) {
  TestGateway gateway(one_slot());
  gateway.model().brownout_max_tokens = 10;
  gateway.who().tenant.brownout = BrownoutPolicy::never;
  EXPECT_FALSE(under_pressure(gateway, chat())->client.header("x-obleth-brownout"));
}

TEST(SoftenRequest, ATenantMayHaveAThresholdOfItsOwn) {
  TestGateway patient(one_slot());
  patient.model().brownout_max_tokens = 10;
  patient.who().tenant.brownout_wait_ms = 20'000;
  EXPECT_FALSE(under_pressure(patient, chat())->client.header("x-obleth-brownout"));
  TestGateway first(one_slot());
  first.model().brownout_max_tokens = 10;
  first.who().tenant.brownout_wait_ms = 12'000;
  first.who().tenant.brownout = BrownoutPolicy::first;  // half of it
  EXPECT_TRUE(under_pressure(first, chat())->client.header("x-obleth-brownout"));
}

TEST(SoftenRequest, EveryCapThatIsPresentIsLowered) {
  TestGateway gateway;
  soften_by_limits(gateway, 50, ports::SoftenedBy::quota);
  static_cast<void>(gateway.ask(chat(R"(,"max_completion_tokens":70,"min_tokens":60)")));
  const std::string& body = gateway.upstream.requests.back().body;
  EXPECT_NE(body.find(R"("max_tokens":50,"max_completion_tokens":50,"min_tokens":50})"), std::string::npos) << body;
}

TEST(SoftenRequest, ACapThatIsBelowStaysAsItIs) {
  TestGateway gateway;
  soften_by_limits(gateway, 50, ports::SoftenedBy::quota);
  static_cast<void>(gateway.ask(chat(R"(,"max_completion_tokens":30)")));
  EXPECT_NE(gateway.upstream.requests.back().body.find(R"("max_completion_tokens":30})"), std::string::npos);
}

TEST(SoftenRequest, ACapIsAddedWhereNoneStands) {
  TestGateway gateway;
  soften_by_limits(gateway, 50, ports::SoftenedBy::quota);
  static_cast<void>(gateway.ask(post("/v1/chat/completions", R"({"model":"m","messages":[]})")));
  EXPECT_EQ(gateway.upstream.requests.back().body, R"({"max_tokens":50,"model":"m","messages":[]})");
}

TEST(SoftenRequest, WhatIsSoftenedIsBilledAsItWas) {
  TestGateway gateway;
  soften_by_limits(gateway, 50, ports::SoftenedBy::budget);
  static_cast<void>(gateway.ask(chat()));
  EXPECT_EQ(gateway.ledger.settles.back().used_tokens, 30);
}

}  // namespace
}  // namespace obleth::gateway
