#include "gateway/model_listing.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "gateway/gateway_fixture.hpp"

namespace obleth::gateway {
namespace {

const std::string theirs = R"({"object":"list","data":[{"id":"base","root":"x", "extra":[1]},{"id":"m","old":true}]})";
const std::string our_m = R"({"id":"m","object":"model","created":0,"owned_by":"obleth","max_model_len":8192})";

TEST(ModelListing, TheUpstreamsObjectsKeepTheirMembersAndOursTakeTheirPlace) {
  TestGateway gateway;
  gateway.serve_everything_else_at("http://default:1/base");
  gateway.upstream.will_answer(json_answer(200, theirs));
  const auto asked = gateway.ask(get("/v1/models"));
  EXPECT_EQ(asked.client.status, 200);
  EXPECT_EQ(asked.client.header("Content-Type"), "application/json");
  EXPECT_EQ(asked.client.body(), R"({"object":"list","data":[{"id":"base","root":"x", "extra":[1]},)" + our_m + "]}");
  EXPECT_TRUE(gateway.upstream.requests.back().head.starts_with("GET /base/v1/models HTTP/1.1\r\n"));
}

TEST(ModelListing, TheRegistryAnswersAloneWhenTheUpstreamDoesNot) {
  const std::string alone = R"({"object":"list","data":[)" + our_m + "]}";
  TestGateway gateway;
  EXPECT_EQ(gateway.ask(get("/v1/models")).client.body(), alone) << "no upstream";
  gateway.serve_everything_else_at("http://default:1");
  ScriptedAnswer cut = json_answer(200, R"({"data":[)");
  cut.cut = upstream_fault(FaultKind::broken, "reset", true);
  for (const ScriptedAnswer& answer :
       {no_answer(FaultKind::unreachable, true), json_answer(500, theirs), json_answer(200, "not json"), cut}) {
    gateway.upstream.will_answer(answer);
    const auto asked = gateway.ask(get("/v1/models"));
    EXPECT_EQ(asked.client.status, 200);
    EXPECT_EQ(asked.client.body(), alone);
  }
  EXPECT_EQ(gateway.upstream.open_answers, 0);
}

TEST(ModelListing, ADisabledModelIsNotListedAndHidesTheUpstreams) {
  TestGateway gateway;
  gateway.serve_everything_else_at("http://default:1");
  gateway.model().enabled = false;
  gateway.upstream.will_answer(json_answer(200, theirs));
  EXPECT_EQ(gateway.ask(get("/v1/models")).client.body(),
            R"({"object":"list","data":[{"id":"base","root":"x", "extra":[1]}]})");
}

TEST(ModelListing, OnlyAKeyWithAListSeesLess) {
  TestGateway gateway;
  gateway.serve_everything_else_at("http://default:1");
  gateway.upstream.always_answers(json_answer(200, theirs));
  gateway.who().key.allowed_models = {"base"};
  EXPECT_EQ(gateway.ask(get("/v1/models")).client.body(),
            R"({"object":"list","data":[{"id":"base","root":"x", "extra":[1]}]})");
  EXPECT_EQ(gateway.ask(get("/v1/models/m")).client.status, 404);
}

TEST(ModelListing, AModelIsSeenWhoeverOfItsNamesTheListsSay) {
  for (const char* name : {"m", "fast"}) {
    TestGateway gateway;
    gateway.model().aliases = {"faster", "fast"};
    gateway.who().tenant.allowed_models = {"other", name};
    EXPECT_EQ(gateway.ask(get("/v1/models")).client.body(), R"({"object":"list","data":[)" + our_m + "]}");
    gateway.who().key.allowed_models = {"other"};
    EXPECT_EQ(gateway.ask(get("/v1/models")).client.body(), R"({"object":"list","data":[]})");
  }
}

TEST(ModelListing, WhatIsRegisteredIsListedOnceHoweverOftenTheUpstreamSaysIt) {
  TestGateway gateway;
  gateway.serve_everything_else_at("http://default:1");
  gateway.upstream.always_answers(
      json_answer(200, R"({"data":[{"id":"m","old":1},{"id":"base"},{"id":"m","old":2}]})"));
  EXPECT_EQ(gateway.ask(get("/v1/models")).client.body(),
            R"({"object":"list","data":[)" + our_m + R"(,{"id":"base"}]})");
}

TEST(ModelListing, OneModelIsFoundByItsIdWithSlashesOfBothKinds) {
  TestGateway gateway;
  gateway.model().model_name = "org/m";
  for (const char* target : {"/v1/models/org/m", "/v1/models/org%2Fm"}) {
    const auto asked = gateway.ask(get(target));
    EXPECT_EQ(asked.client.status, 200) << target;
    EXPECT_TRUE(asked.client.body().starts_with(R"({"id":"org/m",)"));
  }
  const auto unknown = gateway.ask(get("/v1/models/org/n"));
  EXPECT_EQ(unknown.client.status, 404);
  EXPECT_EQ(error_member(unknown.client, "code"), "model_not_found");
}

TEST(ModelListing, AnAliasNamesTheModelBehindIt) {
  TestGateway gateway;
  gateway.model().aliases = {"fast"};
  EXPECT_EQ(gateway.ask(get("/v1/models/fast")).client.body(), our_m);
}

TEST(ModelListing, AListSaysHowLongItTook) {
  TestGateway gateway;
  const auto told = gateway.ask(get("/v1/models")).client.header("Server-Timing");
  EXPECT_TRUE(told && told->starts_with("auth;dur=")) << told.value_or("nothing");
}

TEST(ModelListing, AListTakesNoSlotAndNoTokens) {
  TestGateway gateway({.admission = {.capacity = 0}});
  const auto asked = gateway.ask(get("/v1/models"));
  EXPECT_EQ(asked.client.status, 200);
  EXPECT_TRUE(gateway.ledger.reserves.empty());
  EXPECT_EQ(asked.row.text("route"), "/v1/models");
  EXPECT_EQ(asked.row.text("tenant"), "acme");
}

TEST(ModelListing, AListIsForThoseWhoHaveAKey) {
  TestGateway gateway;
  EXPECT_EQ(gateway.ask(get("/v1/models").without_key()).client.status, 401);
}

TEST(ModelListing, AClientThatLeavesIsNotAnswered) {
  TestGateway gateway;
  gateway.serve_everything_else_at("http://default:1");
  ScriptedAnswer slow = json_answer(200, theirs);
  slow.head_takes = seconds(2);
  gateway.upstream.will_answer(slow);
  const auto asking = gateway.begin(get("/v1/models"));
  asking->client.leave();
  EXPECT_TRUE(asking->ended);
  EXPECT_EQ(gateway.upstream.open_answers, 0);
}

}  // namespace
}  // namespace obleth::gateway
