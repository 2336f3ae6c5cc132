#include "gateway/resolve_model.hpp"

#include <gtest/gtest.h>

#include "gateway/gateway_fixture.hpp"

namespace obleth::gateway {
namespace {

ClientRequest chat_with(const std::string& model) {
  return post("/v1/chat/completions", R"({"model":")" + model + R"(","messages":[{"role":"user","content":"hi"}]})");
}

Model another_model(const std::string& name) {
  Model model = some_model();
  model.id = ModelId{{9, name.size()}};
  model.model_name = name;
  model.upstream_model = name;
  return model;
}

TEST(ResolveModel, WhatIsNoRequestIsRefusedByTheNameOfItsField) {
  struct Case {
    std::string body;
    std::string param;
  };
  for (const Case& wrong : std::vector<Case>{{"not json", "null"},
                                             {"[]", "null"},
                                             {R"({"model":"m"} x)", "null"},
                                             {R"({"messages":[]})", "model"},
                                             {R"({"model":7})", "model"},
                                             {R"({"model":"m","mod\u0065l":"n"})", "model"},
                                             {R"({"model":"m","max_tokens":"many"})", "max_tokens"},
                                             {R"({"model":"m","n":17})", "n"},
                                             {R"({"model":"m","n":2,"best_of":17})", "best_of"}}) {
    TestGateway gateway;
    const auto asked = gateway.ask(post("/v1/chat/completions", wrong.body));
    EXPECT_EQ(asked.client.status, 400) << wrong.body;
    EXPECT_EQ(error_member(asked.client, "type"), "invalid_request_error") << wrong.body;
    EXPECT_EQ(error_member(asked.client, "param"), wrong.param) << asked.client.body();
    EXPECT_TRUE(gateway.ledger.reserves.empty());
    EXPECT_TRUE(gateway.holds_nothing());
  }
}

TEST(ResolveModel, AModelThatIsUnknownOrDisabledIsNotFound) {
  TestGateway gateway;
  gateway.serve_everything_else_at("http://default:1");
  gateway.catalog.models.push_back(another_model("off"));
  gateway.catalog.models.back().enabled = false;
  for (const char* name : {"unheard", "off"}) {
    const auto asked = gateway.ask(chat_with(name));
    EXPECT_EQ(asked.client.status, 404) << name;
    EXPECT_EQ(error_member(asked.client, "type"), "invalid_request_error");
    EXPECT_EQ(error_member(asked.client, "code"), "model_not_found");
    EXPECT_NE(asked.client.body().find("registers a model"), std::string::npos);
  }
}

TEST(ResolveModel, AnOperatorMaySendUnregisteredModelsToTheDefaultUpstream) {
  TestGateway gateway;
  gateway.serve_everything_else_at("http://default:1");
  gateway.policy.unregistered_models_allowed = true;
  EXPECT_EQ(gateway.ask(chat_with("unheard")).client.status, 200);
  EXPECT_EQ(gateway.upstream.requests.back().authority, "default:1");
}

TEST(ResolveModel, EmbeddingsOfAnUnknownModelGoToTheDefaultUpstream) {
  TestGateway gateway;
  const ClientRequest embed = post("/v1/embeddings", R"({"model":"unheard","input":"text"})");
  EXPECT_EQ(gateway.ask(embed).client.status, 404);
  gateway.serve_everything_else_at("http://default:1");
  EXPECT_EQ(gateway.ask(embed).client.status, 200);
}

TEST(ResolveModel, PicturesWithoutAModelGoToTheDefaultUpstreamAsTheyCame) {
  for (const char* body : {R"({"prompt":"a cat"})", R"({"model":null,"prompt":"a cat"})"}) {
    TestGateway gateway;
    const ClientRequest draw = post("/v1/images/generations", body);
    const auto nowhere = gateway.ask(draw);
    EXPECT_EQ(nowhere.client.status, 404);
    EXPECT_EQ(error_member(nowhere.client, "code"), "model_not_found");
    gateway.serve_everything_else_at("http://default:1");
    EXPECT_EQ(gateway.ask(draw).client.status, 200);
    EXPECT_EQ(gateway.upstream.requests.back().authority, "default:1");
    EXPECT_EQ(gateway.upstream.requests.back().body, body);
    gateway.who().key.allowed_models = {"m"};
    EXPECT_EQ(gateway.ask(draw).client.status, 404);
    EXPECT_EQ(gateway.ask(post("/v1/audio/speech", body)).client.status, 400) << "sounds need one";
  }
}

TEST(ResolveModel, BothListsHaveToNameTheModel) {
  TestGateway gateway;
  gateway.catalog.models.push_back(another_model("other"));
  gateway.who().tenant.allowed_models = {"m"};
  EXPECT_EQ(gateway.ask(chat_with("m")).client.status, 200);
  EXPECT_EQ(gateway.ask(chat_with("other")).client.status, 404);
  gateway.who().tenant.allowed_models = std::nullopt;
  gateway.who().key.allowed_models = {"other"};
  EXPECT_EQ(gateway.ask(chat_with("m")).client.status, 404);
  EXPECT_EQ(gateway.ask(chat_with("other")).client.status, 200);
  gateway.who().tenant.allowed_models = {"m"};
  EXPECT_EQ(gateway.ask(chat_with("other")).client.status, 404);
}

TEST(ResolveModel, AListThatNamesTheModelAllowsItsAliases) {
  TestGateway gateway;
  gateway.model().aliases = {"fast"};
  gateway.who().key.allowed_models = {"m"};
  EXPECT_EQ(gateway.ask(chat_with("fast")).client.status, 200);
}

TEST(ResolveModel, AnEscapedNameDoesNotGetPastTheList) {
  TestGateway gateway;
  gateway.catalog.models.push_back(another_model("other"));
  gateway.who().key.allowed_models = {"m"};
  EXPECT_EQ(gateway.ask(post("/v1/chat/completions", R"({"mod\u0065l":"oth\u0065r","messages":[]})")).client.status,
            404);
}

TEST(ResolveModel, AKeyWithAListUsesOtherPathsOnlyWithAnAllowedModel) {
  TestGateway gateway;
  gateway.serve_everything_else_at("http://default:1");
  gateway.who().key.allowed_models = {"m"};
  EXPECT_EQ(gateway.ask(post("/tokenize", R"({"model":"m","query":"q"})")).client.status, 200);
  EXPECT_EQ(gateway.upstream.requests.back().body, R"({"model":"m","query":"q"})");
  EXPECT_EQ(gateway.ask(post("/tokenize", R"({"model":"n","query":"q"})")).client.status, 404);
  EXPECT_EQ(gateway.ask(post("/tokenize", R"({"query":"q"})")).client.status, 404);
  EXPECT_EQ(gateway.ask(post("/files", "not json")).client.status, 404);
  EXPECT_EQ(gateway.ask(get("/v1/files")).client.status, 404);
  EXPECT_EQ(gateway.upstream.requests.size(), 1U);
  EXPECT_TRUE(gateway.holds_nothing());
}

TEST(ResolveModel, AFieldThatCannotBeReadIsToldByItsNameOnOtherPathsToo) {
  TestGateway gateway;
  gateway.serve_everything_else_at("http://default:1");
  gateway.who().key.allowed_models = {"m"};
  for (const char* body : {R"({"model":"m","model":"n"})", R"({"model":"m","mod\u0065l":"m"})", R"({"model":7})"}) {
    const auto asked = gateway.ask(post("/tokenize", body));
    EXPECT_EQ(asked.client.status, 400) << body;
    EXPECT_EQ(error_member(asked.client, "param"), "model") << body;
  }
  EXPECT_TRUE(gateway.upstream.requests.empty());
}

TEST(ResolveModel, OtherPathsNeedADefaultUpstream) {
  TestGateway gateway;
  const auto asked = gateway.ask(post("/tokenize", R"({"model":"m"})"));
  EXPECT_EQ(asked.client.status, 404);
  EXPECT_EQ(error_member(asked.client, "code"), "no_default_upstream");
  // The model is registered and allowed, but it is not what serves other paths.
  gateway.who().key.allowed_models = {"m"};
  const auto listed = gateway.ask(post("/tokenize", R"({"model":"m"})"));
  EXPECT_EQ(listed.client.status, 404);
  EXPECT_EQ(error_member(listed.client, "code"), "no_default_upstream");
}

TEST(ResolveModel, WithoutAConfigurationNothingIsKnown) {
  TestGateway gateway;
  gateway.catalog.loaded = false;
  const auto asked = gateway.ask(chat());
  EXPECT_EQ(asked.client.status, 503);
  EXPECT_EQ(error_member(asked.client, "code"), "store_unavailable");
  EXPECT_EQ(gateway.ask(get("/v1/models")).client.status, 503);
}

TEST(ResolveModel, TheBodyMayBeAsLongAsTheLimitAndNoLonger) {
  TestGateway gateway;
  gateway.policy.body_bytes_max = chat().body.size();
  EXPECT_EQ(gateway.ask(chat()).client.status, 200);
  gateway.policy.body_bytes_max -= 1;
  ClientRequest chunked = chat();
  chunked.chunked = true;
  for (const ClientRequest& request : {chat(), chunked}) {
    const auto asked = gateway.ask(request);
    EXPECT_EQ(asked.client.status, 413);
    EXPECT_EQ(error_member(asked.client, "code"), "request_too_large");
  }
  EXPECT_TRUE(gateway.holds_nothing());
}

TEST(ResolveModel, MoreBodiesThanMemoryIsToldToComeBack) {
  // A tenant holds at most an eighth.
  TestGateway gateway({.body_memory_bytes = 8 * (chat().body.size() - 1)});
  ClientRequest chunked = chat();
  chunked.chunked = true;
  for (const ClientRequest& request : {chat(), chunked}) {
    const auto asked = gateway.ask(request);
    EXPECT_EQ(asked.client.status, 503);
    EXPECT_EQ(error_member(asked.client, "type"), "service_unavailable_error");
    EXPECT_EQ(error_member(asked.client, "code"), "overloaded");
    EXPECT_EQ(asked.client.header("Retry-After"), "1");
  }
  EXPECT_TRUE(gateway.holds_nothing());
}

TEST(ResolveModel, ABodyIsHeldOnlyUntilTheAnswerBegins) {
  TestGateway gateway;
  gateway.upstream.always_answers({.pieces = {"a", "b"}, .head_takes = seconds(1), .piece_takes = seconds(1)});
  const auto asked = gateway.begin(chat());
  EXPECT_EQ(gateway.body_memory.held_bytes(), chat().body.size());
  gateway.loop.advance(milliseconds(1500));
  EXPECT_EQ(gateway.body_memory.held_bytes(), chat().body.size()) << "until its first byte it may be tried again";
  gateway.loop.advance(seconds(1));
  EXPECT_EQ(gateway.body_memory.held_bytes(), 0U);
  EXPECT_FALSE(asked->ended);
}

TEST(ResolveModel, ABodyThatIsNotTriedAgainIsHeldOnlyUntilTheHeadComes) {
  const ScriptedAnswer plain{.pieces = {"a", "b"}, .head_takes = seconds(1), .piece_takes = seconds(1)};
  ScriptedAnswer stream = plain;
  stream.headers = {{"Content-Type", "text/event-stream"}};
  for (const auto& [answer, retries] : {std::pair{plain, 0U}, {stream, 1U}}) {
    TestGateway gateway;
    gateway.model().max_retries = retries;
    gateway.upstream.always_answers(answer);
    const auto asked = gateway.begin(chat());
    gateway.loop.advance(milliseconds(1500));
    EXPECT_EQ(gateway.body_memory.held_bytes(), 0U);
    EXPECT_FALSE(asked->ended);
  }
}

TEST(ResolveModel, AClientThatIsTooSlowOrSendsNonsenseIsTold) {
  struct Case {
    FaultKind kind;
    int status;
  };
  for (const Case& fault : {Case{FaultKind::timed_out, 408}, {FaultKind::invalid, 400}, {FaultKind::broken, 0}}) {
    TestGateway gateway;
    ClientRequest request = chat();
    request.body_fault = client_fault(fault.kind, "scripted");
    const auto asked = gateway.ask(request);
    EXPECT_EQ(asked.client.status, fault.status);
    EXPECT_EQ(asked.row.number("status"), fault.status == 0 ? 499 : fault.status);
    EXPECT_TRUE(gateway.holds_nothing());
  }
}

TEST(ResolveModel, AListThatNamesAnAliasAllowsItsModel) {
  TestGateway gateway;
  gateway.model().aliases = {"fast", "cheap"};
  gateway.catalog.models.push_back(another_model("other"));
  gateway.who().tenant.allowed_models = {"fast"};
  gateway.who().key.allowed_models = {"cheap"};
  for (const char* name : {"fast", "cheap", "m"})
    EXPECT_EQ(gateway.ask(chat_with(name)).client.status, 200) << name;
  EXPECT_EQ(gateway.ask(chat_with("other")).client.status, 404);
  const auto list = gateway.ask(get("/v1/models"));
  EXPECT_NE(list.client.body().find(R"("id":"m")"), std::string::npos) << list.client.body();
  EXPECT_EQ(list.client.body().find(R"("id":"other")"), std::string::npos);
  EXPECT_EQ(gateway.ask(get("/v1/models/fast")).client.status, 200);
}

}  // namespace
}  // namespace obleth::gateway
