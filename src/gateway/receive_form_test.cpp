#include "gateway/receive_form.hpp"

#include <gtest/gtest.h>

#include "gateway/gateway_fixture.hpp"

namespace obleth::gateway {
namespace {

std::string part(const std::string& name, const std::string& content, const std::string& more = {}) {
  return "--xyz\r\nContent-Disposition: form-data; name=\"" + name + "\"" + more + "\r\n\r\n" + content + "\r\n";
}
const std::string file = part("file", std::string(20'000, '\xAB'), "; filename=\"speech.wav\"");

ClientRequest form(std::string body) {
  ClientRequest request = post("/v1/audio/transcriptions", std::move(body));
  request.headers = {{"Authorization", "Bearer " + good_secret}, {"Content-Type", "multipart/form-data; boundary=xyz"}};
  return request;
}
ClientRequest edit(std::string body) {
  ClientRequest request = form(std::move(body) + "--xyz--\r\n");
  request.target = "/v1/images/edits";
  return request;
}
ClientRequest upload(const std::string& model = "m") {
  return form(part("model", model) + file + "--xyz--\r\n");
}

std::string length_in(const SentRequest& sent) {
  const std::size_t at = sent.head.find("Content-Length: ") + 16;
  return sent.head.substr(at, sent.head.find("\r\n", at) - at);
}

TEST(ReceiveForm, OnlyTheModelIsChangedWhereverItStands) {
  for (const std::string& body :
       {part("model", "m") + file + "--xyz--\r\n", file + part("model", "m") + "--xyz--\r\n"}) {
    for (const std::size_t piece_bytes : {std::size_t{1}, std::size_t{7}, std::size_t{4096}, std::size_t{100'000}}) {
      TestGateway gateway;
      gateway.model().upstream_model = "whisper-large-v3";
      auto asked = gateway.prepare(form(body));
      asked->client.body_piece_bytes = piece_bytes;
      gateway.start(*asked);
      gateway.finish(*asked);
      ASSERT_EQ(asked->client.status, 200) << asked->client.body();
      std::string expected = body;
      expected.replace(expected.find("\r\nm\r\n") + 2, 1, "whisper-large-v3");
      const SentRequest& sent = gateway.upstream.requests.back();
      EXPECT_EQ(sent.body, expected) << piece_bytes;
      EXPECT_EQ(length_in(sent), std::to_string(expected.size()));
      EXPECT_TRUE(gateway.holds_nothing());
    }
  }
}

TEST(ReceiveForm, AChunkedFormStaysChunked) {
  TestGateway gateway;
  ClientRequest request = upload();
  request.chunked = true;
  EXPECT_EQ(gateway.ask(request).client.status, 200);
  EXPECT_NE(gateway.upstream.requests.back().head.find("Transfer-Encoding: chunked\r\n"), std::string::npos);
  EXPECT_EQ(gateway.upstream.requests.back().body, request.body);
}

TEST(ReceiveForm, WhatComesBehindTheModelIsNotHeld) {
  TestGateway gateway({.body_memory_bytes = 8 * 8192});  // 8 KiB for each tenant
  EXPECT_EQ(gateway.ask(upload()).client.status, 200);
  const auto file_first = gateway.ask(form(file + part("model", "m") + "--xyz--\r\n"));
  EXPECT_EQ(file_first.client.status, 503);
  EXPECT_TRUE(gateway.holds_nothing());
}

TEST(ReceiveForm, AllowListsAndTheRegistryRuleFormsAsWell) {
  TestGateway gateway;
  EXPECT_EQ(gateway.ask(upload("other")).client.status, 404);
  gateway.who().key.allowed_models = {"m"};
  EXPECT_EQ(gateway.ask(upload("m")).client.status, 200);
  gateway.serve_everything_else_at("http://default:1");
  EXPECT_EQ(gateway.ask(upload("other")).client.status, 404);
}

TEST(ReceiveForm, FormsThatAreNoneAreRefusedBeforeAnUpstreamIsAsked) {
  TestGateway gateway;
  for (const std::string& body :
       {file + "--xyz--\r\n", part("model", "") + "--xyz--\r\n", std::string("{}"), std::string()})
    EXPECT_EQ(gateway.ask(form(body)).client.status, 400) << body;
  ClientRequest boundless = upload();
  boundless.headers.back().second = "multipart/form-data";
  EXPECT_EQ(gateway.ask(boundless).client.status, 400);
  EXPECT_EQ(gateway.ask(upload().with("Content-Type", "multipart/form-data; boundary=abc")).client.status, 400);
  EXPECT_TRUE(gateway.upstream.requests.empty());
}

TEST(ReceiveForm, AFormOfPicturesMayLeaveTheModelOpen) {
  TestGateway gateway;
  ClientRequest edit = form(part("prompt", "a cat") + file + "--xyz--\r\n");
  edit.target = "/v1/images/edits";
  EXPECT_EQ(gateway.ask(edit).client.status, 404);
  gateway.serve_everything_else_at("http://default:1");
  for (const bool chunked : {false, true}) {
    edit.chunked = chunked;
    EXPECT_EQ(gateway.ask(edit).client.status, 200);
    EXPECT_EQ(gateway.upstream.requests.back().authority, "default:1");
    EXPECT_EQ(gateway.upstream.requests.back().body, edit.body);
    EXPECT_EQ(length_in(gateway.upstream.requests.back()), std::to_string(edit.body.size()));
  }
  edit.body = part("prompt", "breaks off");
  EXPECT_EQ(gateway.ask(edit).client.status, 400);
  EXPECT_TRUE(gateway.holds_nothing());
}

TEST(ReceiveForm, AnswersAreCountedAndBoundedAsInJson) {
  TestGateway gateway;
  gateway.model().tokens_per_media_part = 500;
  const std::string model = part("model", "m");
  const auto asked = [&gateway](const std::string& body) { return gateway.ask(edit(body)).client.status; };
  const auto reserved = [&gateway] {
    return gateway.ledger.reserves.back().bound_tokens - gateway.ledger.reserves.back().input_tokens;
  };
  for (const std::string& body :
       {model + part("n", "3") + file, part("n", "3") + file + model, file + model + part("n", "3")}) {
    EXPECT_EQ(asked(body), 200);
    EXPECT_EQ(reserved(), 3 * 500);
  }
  EXPECT_EQ(asked(model + file + part("n", "3")), 200);
  EXPECT_EQ(reserved(), 500);
  for (const std::string& body :
       {model + part("n", "17") + file, model + file + part("n", "17"), model + part("n", "two")})
    EXPECT_EQ(asked(body), 400);
  gateway.policy.n_max = 17;
  EXPECT_EQ(asked(model + part("n", "17") + file), 200);
  EXPECT_EQ(gateway.ask(form(model + part("n", "100") + file + "--xyz--\r\n")).client.status, 200) << "audio has none";
  EXPECT_TRUE(gateway.holds_nothing());
}

TEST(ReceiveForm, ASecondModelBehindTheFileBreaksTheRequestOff) {
  TestGateway gateway;
  const auto asked = gateway.ask(form(part("model", "m") + file + part("model", "other") + "--xyz--\r\n"));
  EXPECT_EQ(asked.client.status, 400);
  EXPECT_NE(asked.client.body().find(R"("param":"model")"), std::string::npos) << asked.client.body();
  EXPECT_TRUE(gateway.holds_nothing());
}

TEST(ReceiveForm, AnUploadThatItsClientBreaksOffSaysNothingAboutTheEndpoint) {
  const ClientRequest second_model = form(part("model", "m") + file + part("model", "other") + "--xyz--\r\n");
  ClientRequest cut = form(part("model", "m") + file);
  cut.chunked = true;
  for (const FaultKind kind : {FaultKind::invalid, FaultKind::timed_out, FaultKind::too_large, FaultKind::broken}) {
    cut.body_fault = client_fault(kind, "scripted");
    TestGateway gateway;
    const Model& model = gateway.model();
    for (const ClientRequest& upload_at_fault : {cut, second_model, cut, second_model, cut, second_model})
      EXPECT_LT(gateway.ask(upload_at_fault).client.status, 500);
    EXPECT_EQ(gateway.upstream.requests.size(), 6U);
    EXPECT_EQ(gateway.endpoints.standing(model.endpoints.front().id, gateway.loop.now()).standing,
              resilience::EndpointHealth::Standing::healthy);
    const std::string of_endpoint = R"(model="m",endpoint=")" + model.endpoints.front().api_base + "\"";
    EXPECT_EQ(gateway.metric("obleth_upstream_attempts_total{" + of_endpoint + R"(,outcome="client_fault"})"), "6");
    EXPECT_EQ(gateway.ask(chat()).client.status, 200);
    EXPECT_TRUE(gateway.holds_nothing());
  }
}

TEST(ReceiveForm, AFormIsSentAgainOnlyWhileNothingBehindItsModelIsGone) {
  TestGateway gateway;
  gateway.upstream.will_answer(json_answer(503, "{}"));
  EXPECT_EQ(gateway.ask(upload()).client.status, 503);
  EXPECT_EQ(gateway.upstream.requests.size(), 1U);
}

TEST(ReceiveForm, AFormThatIsHereWithItsModelIsSentAgain) {
  TestGateway gateway;
  gateway.model().upstream_model = "whisper";
  gateway.upstream.will_answer(json_answer(503, "{}"));
  EXPECT_EQ(gateway.ask(form(part("model", "m") + part("language", "en") + "--xyz--\r\n")).client.status, 200);
  ASSERT_EQ(gateway.upstream.requests.size(), 2U);
  for (const SentRequest& sent : gateway.upstream.requests) {
    EXPECT_EQ(sent.body, part("model", "whisper") + part("language", "en") + "--xyz--\r\n");
    EXPECT_EQ(length_in(sent), std::to_string(sent.body.size()));
  }
  EXPECT_EQ(gateway.ask(form(part("model", "m") + part("language", "en"))).client.status, 400) << "it breaks off";
  EXPECT_EQ(gateway.upstream.requests.size(), 2U);
}

}  // namespace
}  // namespace obleth::gateway
