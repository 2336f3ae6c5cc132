#include "gateway/local_answers.hpp"

#include <gtest/gtest.h>

#include "gateway/gateway_fixture.hpp"

namespace obleth::gateway {
namespace {

const std::string site = "https://app.example";

ClientRequest preflight() {
  return ClientRequest{.method = "OPTIONS", .target = "/v1/chat/completions", .headers = {}}
      .with("Origin", site)
      .with("Access-Control-Request-Method", "POST")
      .with("Access-Control-Request-Headers", "authorization, x-custom");
}

TEST(LocalAnswers, HealthIsOkForAnybody) {
  TestGateway gateway;
  gateway.keys.unavailable = true;
  const auto asked = gateway.ask(get("/health").without_key());
  EXPECT_EQ(asked.client.status, 200);
  EXPECT_EQ(asked.client.body(), "ok");
  EXPECT_EQ(gateway.keys.lookups, 0);
}

TEST(LocalAnswers, ReadyOnlyWhileRequestsCanBeServed) {
  TestGateway gateway;
  EXPECT_EQ(gateway.ask(get("/ready").without_key()).client.status, 200);
  gateway.readiness.start_draining();
  const auto draining = gateway.ask(get("/ready").without_key());
  EXPECT_EQ(draining.client.status, 503);
  EXPECT_EQ(error_member(draining.client, "reason"), "draining");
  EXPECT_EQ(gateway.ask(get("/health")).client.status, 200);
  EXPECT_EQ(gateway.ask(chat()).client.status, 200) << "requests are served to the end of the notice";
}

TEST(LocalAnswers, HeadIsAnsweredWhereGetIs) {
  TestGateway gateway;
  for (const char* target : {"/health", "/ready", "/v1/models"})
    EXPECT_EQ(gateway.ask({.method = "HEAD", .target = target}).client.status, 200) << target;
}

TEST(LocalAnswers, OptionsTellsTheMethodsThatTheRouteTakes) {
  TestGateway gateway;
  const std::string any = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
  for (const auto& [target, allowed] : {std::pair<std::string, std::string>{"/v1/models", "GET, HEAD, OPTIONS"},
                                        {"/v1/chat/completions", "POST, OPTIONS"},
                                        {"/mcp/files", "GET, POST, DELETE, OPTIONS"},
                                        {"/v1/audio/voices", any},
                                        {"/v1/files", any}})
    EXPECT_EQ(gateway.ask({.method = "OPTIONS", .target = target}).client.header("Allow"), allowed) << target;
}

TEST(LocalAnswers, WithoutOriginsThereIsNoCors) {
  TestGateway gateway;
  const auto asked = gateway.ask(preflight());
  EXPECT_EQ(asked.client.status, 204);
  EXPECT_TRUE(asked.client.header("Allow"));
  EXPECT_FALSE(asked.client.header("Access-Control-Allow-Origin"));
  EXPECT_FALSE(gateway.ask(chat().with("Origin", site)).client.header("Access-Control-Allow-Origin"));
}

TEST(LocalAnswers, APreflightOfAnAllowedOriginIsToldWhatItMaySend) {
  for (const std::string& entry : {site, std::string("*")}) {
    TestGateway gateway;
    gateway.policy.cors_origins = {entry};
    const auto asked = gateway.ask(preflight());
    EXPECT_EQ(asked.client.status, 204);
    EXPECT_EQ(asked.client.header("Access-Control-Allow-Origin"), site);
    EXPECT_EQ(asked.client.header("Access-Control-Allow-Headers"), "authorization, x-custom");
    EXPECT_NE(asked.client.header("Access-Control-Allow-Methods")->find("POST"), std::string::npos);
    EXPECT_EQ(gateway.keys.lookups, 0) << "a preflight carries no key";
  }
}

TEST(LocalAnswers, AnotherOriginIsToldNothing) {
  TestGateway gateway;
  gateway.policy.cors_origins = {"https://elsewhere.example"};
  EXPECT_FALSE(gateway.ask(preflight()).client.header("Access-Control-Allow-Origin"));
}

TEST(LocalAnswers, AnswersAndRefusalsCarryTheOrigin) {
  TestGateway gateway;
  gateway.policy.cors_origins = {site};
  for (const ClientRequest& request :
       {chat(), chat_stream(), chat().without_key(), get("/v1/models"), get("/v1/a/../b")}) {
    const auto asked = gateway.ask(request.with("Origin", site));
    EXPECT_EQ(asked.client.header("Access-Control-Allow-Origin"), site) << asked.client.status;
    EXPECT_EQ(asked.client.header("Vary"), "Origin");
    EXPECT_FALSE(asked.client.header("Access-Control-Allow-Methods")) << "that is for preflights";
  }
}

TEST(LocalAnswers, EveryAnswerCarriesBothRequestIds) {
  TestGateway gateway;
  for (const ClientRequest& request : {get("/health"), get("/ready"), preflight(), get("/v1/models"), get("/v1/a/../b"),
                                       get("/.well-known/x"), chat().without_key(), chat(), chat_stream()}) {
    const auto plain = gateway.ask(request);
    const std::string event_id = plain.conversation->id.hex();
    EXPECT_EQ(plain.client.header("x-obleth-request-id"), event_id) << request.target;
    EXPECT_EQ(plain.client.header("x-request-id"), event_id) << request.target;
    const auto named = gateway.ask(request.with("x-request-id", "mine-1"));
    EXPECT_EQ(named.client.header("x-request-id"), "mine-1") << request.target;
    EXPECT_EQ(named.client.header("x-obleth-request-id"), named.conversation->id.hex()) << request.target;
  }
}

TEST(LocalAnswers, WhatComesAfterTheNoticeIsToldThatTheGatewayStops) {
  TestGateway gateway;
  gateway.readiness.start_draining();
  gateway.readiness.stop_serving();
  for (const ClientRequest& request : {chat(), get("/v1/models"), get("/anything")}) {
    const auto asked = gateway.ask(request);
    EXPECT_EQ(asked.client.status, 503);
    EXPECT_EQ(error_member(asked.client, "type"), "service_unavailable_error");
    EXPECT_EQ(error_member(asked.client, "code"), "draining");
    EXPECT_EQ(asked.client.header("Retry-After"), "1");
  }
  EXPECT_EQ(gateway.ask(get("/health")).client.status, 200);
  EXPECT_EQ(gateway.keys.lookups, 0);
}

}  // namespace
}  // namespace obleth::gateway
