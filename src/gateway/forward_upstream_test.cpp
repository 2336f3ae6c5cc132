#include "gateway/forward_upstream.hpp"

#include <gtest/gtest.h>

#include "gateway/gateway_fixture.hpp"

namespace obleth::gateway {
namespace {

ScriptedAnswer saturated(const std::string& retry_after, const std::string& in_ms = "") {
  ScriptedAnswer answer = json_answer(429, "{}");
  if (!in_ms.empty()) answer.headers.emplace_back("retry-after-ms", in_ms);
  if (!retry_after.empty()) answer.headers.emplace_back("Retry-After", retry_after);
  return answer;
}

void add_second_endpoint(TestGateway& gateway, std::uint32_t priority = 0) {
  gateway.model().endpoints.push_back(
      {.id = EndpointId{{5, 2}}, .api_base = "http://two:8000/v1", .priority = priority});
}

// A header of the request that was sent last.
std::string sent_header(const TestGateway& gateway, const std::string& name) {
  const std::string& head = gateway.upstream.requests.back().head;
  const std::size_t at = head.find("\r\n" + name + ": ");
  if (at == std::string::npos) return {};
  const std::size_t begin = at + name.size() + 4;
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

TEST(ForwardUpstream, WhatPassesSoonIsTriedAgain) {
  const std::vector<ScriptedAnswer> passing = {json_answer(502, "{}"),
                                               json_answer(503, "{}"),
                                               json_answer(504, "{}"),
                                               saturated("2"),
                                               saturated("0"),
                                               saturated("1.5"),
                                               saturated("60", "1999"),
                                               no_answer(FaultKind::unreachable, true),
                                               no_answer(FaultKind::broken, true)};
  for (const ScriptedAnswer& first : passing) {
    TestGateway gateway;
    gateway.upstream.will_answer(first);
    const auto asked = gateway.ask(chat());
    EXPECT_EQ(asked.client.status, 200) << first.status;
    EXPECT_EQ(gateway.upstream.requests.size(), 2U);
    EXPECT_EQ(gateway.upstream.requests[0].body, gateway.upstream.requests[1].body);
    EXPECT_EQ(asked.row.number("retries"), 1);
    EXPECT_EQ(gateway.ledger.reserves.size(), 1U) << "the tenant is charged once";
    EXPECT_TRUE(gateway.holds_nothing());
  }
}

// Nothing has gone to the client: its head waits for the first byte of the body.
TEST(ForwardUpstream, AnAnswerThatBreaksBeforeItsFirstByteIsTriedAgain) {
  TestGateway gateway;
  ScriptedAnswer broken = {.headers = {{"Content-Type", "application/json"}}};
  broken.cut = upstream_fault(FaultKind::broken, "reset", false);
  gateway.upstream.will_answer(broken);
  const auto asked = gateway.ask(chat());
  EXPECT_EQ(asked.client.status, 200);
  EXPECT_EQ(gateway.upstream.requests.size(), 2U);
  EXPECT_EQ(gateway.upstream.requests[0].body, gateway.upstream.requests[1].body);
  EXPECT_EQ(asked.row.number("retries"), 1);
  EXPECT_EQ(asked.row.number("output_tokens"), 20);
  EXPECT_EQ(gateway.ledger.reserves.size(), 1U) << "the tenant is charged once";
  for (const char* outcome : {"broken", "ok"}) {
    const std::string series = R"(obleth_upstream_attempts_total{model="m",endpoint="http://one:8000/v1",outcome=")";
    EXPECT_EQ(gateway.metric(series + outcome + "\"}"), "1");
  }
  EXPECT_TRUE(gateway.holds_nothing());
}

TEST(ForwardUpstream, WhatBreaksBehindItsFirstByteIsNotTriedAgain) {
  ScriptedAnswer begun = json_answer(200, "{");
  ScriptedAnswer stream = stream_answer({});
  for (ScriptedAnswer* const broken : {&begun, &stream}) {
    TestGateway gateway;
    broken->cut = upstream_fault(FaultKind::broken, "reset", false);
    gateway.upstream.will_answer(*broken);
    const auto asked = gateway.ask(chat());
    EXPECT_EQ(asked.row.text("error"), "stream_interrupted");
    EXPECT_EQ(gateway.upstream.requests.size(), 1U);
    EXPECT_TRUE(gateway.holds_nothing());
  }
}

TEST(ForwardUpstream, AClientThatLeavesBeforeTheFirstByteOfItsAnswerIsNoFailureOfTheEndpoint) {
  TestGateway gateway;
  ScriptedAnswer slow = good_answer();
  slow.piece_takes = std::chrono::seconds(5);
  gateway.upstream.will_answer(slow);
  const auto asking = gateway.prepare(chat());
  gateway.start(*asking);
  ASSERT_FALSE(asking->ended);
  asking->client.leave();
  gateway.loop.advance(std::chrono::seconds(1));
  EXPECT_TRUE(asking->ended);
  EXPECT_EQ(gateway.upstream.requests.size(), 1U);
  EXPECT_EQ(gateway.upstream.open_answers, 0);
  EXPECT_TRUE(gateway.holds_nothing());
}

TEST(ForwardUpstream, WhatDoesNotPassSoonIsPassedOn) {
  for (const ScriptedAnswer& only :
       {json_answer(500, "{}"), json_answer(400, "{}"), saturated("3"), saturated(""), saturated("9223372037"),
        saturated("9223372036854775807"), saturated("9223372036854775808"), saturated("2.1"), saturated("nan"),
        saturated("inf"), saturated("-1"), saturated("1", "2001"), saturated("Wed, 21 Oct 2026 07:28:00 GMT")}) {
    TestGateway gateway;
    gateway.upstream.will_answer(only);
    const auto asked = gateway.ask(chat());
    EXPECT_EQ(asked.client.status, only.status);
    EXPECT_EQ(asked.client.header("x-obleth-error-source"), "upstream");
    EXPECT_EQ(gateway.upstream.requests.size(), 1U) << only.status;
  }
}

TEST(ForwardUpstream, ASilentUpstreamIsNotAskedTwice) {
  TestGateway gateway;
  gateway.upstream.always_answers(no_answer(FaultKind::timed_out, false));
  const auto asked = gateway.ask(chat());
  EXPECT_EQ(asked.client.status, 504);
  EXPECT_EQ(error_member(asked.client, "type"), "upstream_error");
  EXPECT_EQ(error_member(asked.client, "code"), "upstream_timeout");
  EXPECT_EQ(gateway.upstream.requests.size(), 1U);
}

TEST(ForwardUpstream, EachFaultOfAnUpstreamHasItsCode) {
  struct Case {
    FaultKind kind;
    std::string code;
  };
  for (const Case& expected : {Case{FaultKind::unreachable, "upstream_unreachable"},
                               {FaultKind::broken, "upstream_unreachable"},
                               {FaultKind::forbidden, "upstream_unreachable"},
                               {FaultKind::bad_answer, "bad_upstream_response"}}) {
    TestGateway gateway;
    gateway.upstream.always_answers(no_answer(expected.kind, false));
    const auto asked = gateway.ask(chat());
    EXPECT_EQ(asked.client.status, 502);
    EXPECT_EQ(error_member(asked.client, "type"), "upstream_error");
    EXPECT_EQ(error_member(asked.client, "code"), expected.code);
    EXPECT_EQ(asked.row.text("error"), expected.code);
    EXPECT_TRUE(gateway.holds_nothing());
  }
}

TEST(ForwardUpstream, WhatTheGatewayCouldNotSendSaysNothingAboutTheEndpoint) {
  TestGateway gateway;
  gateway.upstream.always_answers({.refusal = ports::gateway_is_stopping()});
  for (std::uint32_t asked = 0; asked < resilience::failures_in_row_max; ++asked)
    EXPECT_EQ(error_member(gateway.ask(chat()).client, "code"), "draining");
  EXPECT_EQ(gateway.endpoints.standing(gateway.model().endpoints.front().id, gateway.loop.now()).standing,
            resilience::EndpointHealth::Standing::healthy);
  EXPECT_EQ(gateway.metric(
                R"(obleth_upstream_attempts_total{model="m",endpoint="http://one:8000/v1",outcome="gateway_fault"})"),
            "5");
}

TEST(ForwardUpstream, AModelWithoutAnEndpointIsUnreachable) {
  TestGateway gateway;
  gateway.model().endpoints.front().enabled = false;
  const auto asked = gateway.ask(chat());
  EXPECT_EQ(asked.client.status, 502);
  EXPECT_EQ(error_member(asked.client, "code"), "upstream_unreachable");
  EXPECT_TRUE(gateway.ledger.settles.back().refund_request);
  EXPECT_TRUE(gateway.holds_nothing());
}

TEST(ForwardUpstream, TheSecondTryGoesToTheNextEndpoint) {
  TestGateway gateway;
  add_second_endpoint(gateway, 9);
  gateway.upstream.will_answer(json_answer(503, "{}"));
  EXPECT_EQ(gateway.ask(chat()).client.status, 200);
  EXPECT_EQ(gateway.upstream.requests[0].authority, "one:8000");
  EXPECT_EQ(gateway.upstream.requests[1].authority, "two:8000");
  EXPECT_EQ(gateway.metric(
                R"(obleth_upstream_attempts_total{model="m",endpoint="http://one:8000/v1",outcome="server_error"})"),
            "1");
}

TEST(ForwardUpstream, TheSecondTryGoesByWhatTheModelIsNow) {
  ScriptedAnswer slow_failure = json_answer(503, "{}");
  slow_failure.head_takes = seconds(1);
  TestGateway gateway;
  gateway.upstream.will_answer(slow_failure);
  const auto moved = gateway.begin(chat());
  gateway.model().endpoints = {{.id = EndpointId{{5, 2}}, .api_base = "http://two:8000/v1"}};
  gateway.finish(*moved);
  EXPECT_EQ(moved->client.status, 200);
  EXPECT_EQ(gateway.upstream.requests.back().authority, "two:8000");

  gateway.upstream.will_answer(slow_failure);
  const auto deleted = gateway.begin(chat());
  gateway.catalog.models.clear();
  gateway.finish(*deleted);
  EXPECT_EQ(error_member(deleted->client, "code"), "model_not_found");
  EXPECT_EQ(gateway.upstream.requests.size(), 3U);
  EXPECT_TRUE(gateway.holds_nothing());
}

TEST(ForwardUpstream, AModelThatNoEndpointServesHoldsOneSlotUntilOneAnswers) {
  TestGateway gateway({.admission = {.capacity = 8}});
  gateway.model().max_retries = 0;
  ScriptedAnswer silence = no_answer(FaultKind::unreachable, true);
  silence.head_takes = seconds(5);
  gateway.upstream.always_answers(silence);
  std::vector<std::unique_ptr<Conversation>> asked;
  while (asked.size() < 20)
    asked.push_back(gateway.begin(chat()));
  EXPECT_EQ(gateway.desk.in_flight(), 8U);
  gateway.loop.advance(seconds(15));
  EXPECT_EQ(gateway.desk.in_flight(), 1U);
  const std::uint32_t waiting = gateway.desk.queued();
  EXPECT_GT(waiting, 1U);
  gateway.loop.advance(seconds(5));
  EXPECT_EQ(gateway.desk.in_flight(), 1U);
  EXPECT_EQ(gateway.desk.queued(), waiting - 1) << "one after the other tries, and is told";

  // The server is back: its first answer says so, though it streams for minutes.
  ScriptedAnswer stream = stream_answer({token_event("a"), done_event});
  stream.piece_takes = std::chrono::minutes(2);
  gateway.upstream.always_answers(stream);
  gateway.loop.advance(seconds(5));
  EXPECT_EQ(gateway.desk.queued(), 0U);
  for (const auto& one : asked)
    gateway.finish(*one);
  EXPECT_TRUE(gateway.holds_nothing());
}

TEST(ForwardUpstream, AModelSaysHowOftenItIsTriedAgain) {
  for (const std::uint32_t retries : {0U, 1U, 3U}) {
    TestGateway gateway;
    gateway.model().max_retries = retries;
    gateway.upstream.always_answers(json_answer(503, "{}"));
    EXPECT_EQ(gateway.ask(chat()).client.status, 503);
    EXPECT_EQ(gateway.upstream.requests.size(), retries + 1);
  }
}

TEST(ForwardUpstream, RetriesNeverBecomeTheLoad) {
  TestGateway gateway;
  gateway.upstream.always_answers(json_answer(503, "{}"));
  constexpr std::size_t requests = 200;
  for (std::size_t request = 0; request < requests; ++request)
    static_cast<void>(gateway.ask(chat()));
  // A tenth, and the reserve of a quiet gateway.
  EXPECT_LE(gateway.upstream.requests.size(), requests + requests / 10 + 10);
  EXPECT_GE(gateway.upstream.requests.size(), requests + requests / 10);
}

TEST(ForwardUpstream, NothingIsTriedAgainOnceAByteHasGone) {
  TestGateway gateway;
  ScriptedAnswer stream = stream_answer({token_event("a")});
  stream.cut = upstream_fault(FaultKind::broken, "reset", true);
  gateway.upstream.will_answer(stream);
  static_cast<void>(gateway.ask(chat_stream()));
  EXPECT_EQ(gateway.upstream.requests.size(), 1U);
}

TEST(ForwardUpstream, ABodyThatStreamedThroughIsNotSentAgain) {
  TestGateway gateway;
  gateway.serve_everything_else_at("http://default:1");
  gateway.upstream.always_answers(json_answer(503, "{}"));
  EXPECT_EQ(gateway.ask(post("/files", "bytes")).client.status, 503);
  EXPECT_EQ(gateway.upstream.requests.size(), 1U);
}

TEST(ForwardUpstream, TheSlotIsKeptBetweenTwoTries) {
  TestGateway gateway;
  gateway.upstream.will_answer(json_answer(503, "{}"));
  const auto asking = gateway.begin(chat());
  EXPECT_FALSE(asking->ended);
  EXPECT_EQ(gateway.desk.in_flight(), 1U);
  EXPECT_TRUE(gateway.ledger.settles.empty());
  gateway.loop.advance(milliseconds(12));
  EXPECT_FALSE(asking->ended) << "the pause is at least half of 25 ms";
  gateway.loop.advance(milliseconds(26));
  EXPECT_TRUE(asking->ended) << "and at most one and a half of it";
}

TEST(ForwardUpstream, AClientThatLeavesBetweenTwoTriesIsNotServed) {
  TestGateway gateway;
  gateway.upstream.will_answer(json_answer(503, "{}"));
  const auto asking = gateway.begin(chat());
  asking->client.leave();
  ASSERT_TRUE(asking->ended);
  EXPECT_EQ(gateway.upstream.requests.size(), 1U);
  EXPECT_EQ(gateway.row_of(*asking).number("status"), 499);
  EXPECT_TRUE(gateway.holds_nothing());
}

TEST(ForwardUpstream, AClientThatLeavesClosesItsUpstreamConnection) {
  TestGateway gateway;
  ScriptedAnswer stream = stream_answer({token_event("a")});
  stream.piece_takes = hours(1);
  gateway.upstream.will_answer(stream);
  const auto asking = gateway.begin(chat_stream());
  EXPECT_EQ(gateway.upstream.open_answers, 1);
  asking->client.leave();
  EXPECT_EQ(gateway.upstream.open_answers, 0);
}

TEST(ForwardUpstream, ARefusalOfOurOwnCredentialIsNotTheClients) {
  for (const int status : {401, 403}) {
    TestGateway gateway;
    gateway.model().api_key = Secret("upstream-secret");
    gateway.upstream.always_answers(json_answer(status, R"({"error":"bad key upstream-secret"})"));
    const auto asked = gateway.ask(chat());
    EXPECT_EQ(asked.client.status, 502);
    EXPECT_EQ(error_member(asked.client, "type"), "upstream_error");
    EXPECT_EQ(error_member(asked.client, "code"), "upstream_auth_failed");
    EXPECT_EQ(asked.client.body().find("upstream-secret"), std::string::npos);
    EXPECT_TRUE(gateway.holds_nothing());
  }
}

TEST(ForwardUpstream, AHeaderOfTheModelIsACredentialToo) {
  for (const char* name : {"x-api-key", "Authorization", "api-key"}) {
    for (const int status : {401, 403}) {
      TestGateway gateway;
      gateway.model().upstream_headers = {{name, Secret("upstream-secret")}};
      gateway.upstream.always_answers(json_answer(status, R"({"error":"bad key upstream-secret"})"));
      const auto asked = gateway.ask(chat());
      EXPECT_EQ(asked.client.status, 502) << name;
      EXPECT_EQ(error_member(asked.client, "code"), "upstream_auth_failed");
      EXPECT_EQ(asked.client.body().find("upstream-secret"), std::string::npos);
    }
  }
}

TEST(ForwardUpstream, AnUpstreamsRefusalWithoutACredentialPasses) {
  TestGateway gateway;
  gateway.upstream.always_answers(json_answer(401, "{}"));
  EXPECT_EQ(gateway.ask(chat()).client.status, 401);
}

TEST(ForwardUpstream, TheClientsKeyStaysHereAndTheUpstreamsIsSent) {
  TestGateway gateway;
  static_cast<void>(gateway.ask(chat()));
  EXPECT_EQ(sent_header(gateway, "Authorization"), "");
  EXPECT_EQ(gateway.upstream.requests.back().head.find(good_secret), std::string::npos);
  gateway.model().api_key = Secret("of-the-model");
  static_cast<void>(gateway.ask(chat()));
  EXPECT_EQ(sent_header(gateway, "Authorization"), "Bearer of-the-model");
  gateway.model().endpoints.front().api_key = Secret("of-the-endpoint");
  static_cast<void>(gateway.ask(chat()));
  EXPECT_EQ(sent_header(gateway, "Authorization"), "Bearer of-the-endpoint");
}

TEST(ForwardUpstream, NoHeaderOfTheModelStandsBesideTheGatewaysOwn) {
  TestGateway gateway;
  gateway.model().api_key = Secret("of-the-model");
  gateway.model().upstream_headers = {{"authorization", Secret("Token of-a-header")},
                                      {"ACCEPT-ENCODING", Secret("gzip")},
                                      {"X-REQUEST-ID", Secret("fixed")},
                                      {"TRACEPARENT", Secret("fixed")},
                                      {"VIA", Secret("fixed")}};
  static_cast<void>(gateway.ask(chat()));
  for (const char* left_out : {"of-a-header", "gzip", "fixed"})
    EXPECT_EQ(gateway.upstream.requests.back().head.find(left_out), std::string::npos) << left_out;
  EXPECT_EQ(sent_header(gateway, "Authorization"), "Bearer of-the-model");
  EXPECT_EQ(sent_header(gateway, "Via"), "1.1 obleth");
  gateway.model().api_key = std::nullopt;
  static_cast<void>(gateway.ask(chat()));
  EXPECT_EQ(sent_header(gateway, "authorization"), "Token of-a-header");
}

TEST(ForwardUpstream, HeadersPassButThoseThatClaimAnIdentity) {
  TestGateway gateway;
  gateway.policy.strip_headers = {"x-internal"};
  gateway.model().upstream_headers = {{"x-operator", Secret("added")}};
  const auto asked = gateway.ask(chat()
                                     .with("x-custom", "kept")
                                     .with("x-internal", "dropped")
                                     .with("user", "somebody")
                                     .with("Accept-Encoding", "gzip")
                                     .with("Connection", "keep-alive, x-hop")
                                     .with("x-hop", "dropped")
                                     .with("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
  const std::string& head = gateway.upstream.requests.back().head;
  EXPECT_TRUE(head.starts_with("POST /v1/chat/completions HTTP/1.1\r\nHost: one:8000\r\n")) << head;
  EXPECT_EQ(sent_header(gateway, "x-custom"), "kept");
  EXPECT_EQ(sent_header(gateway, "x-operator"), "added");
  EXPECT_EQ(sent_header(gateway, "Accept-Encoding"), "identity");
  EXPECT_EQ(sent_header(gateway, "Via"), "1.1 obleth");
  EXPECT_EQ(sent_header(gateway, "x-request-id"), asked.conversation->id.hex());
  EXPECT_TRUE(sent_header(gateway, "traceparent").starts_with("00-0af7651916cd43dd8448eb211c80319c-"));
  for (const char* gone : {"x-internal", "x-hop", "user", "Connection"})
    EXPECT_EQ(sent_header(gateway, gone), "") << gone;
}

TEST(ForwardUpstream, OnlyWhatHasToChangeInABodyChanges) {
  TestGateway gateway;
  gateway.model().aliases = {"fast"};
  gateway.model().upstream_model = "org/real";
  static_cast<void>(gateway.ask(
      post("/v1/chat/completions", R"({ "temperature":1.50e0,"model" : "fast","priority":-9,"x":[1, 2] })")));
  const SentRequest& sent = gateway.upstream.requests.back();
  EXPECT_EQ(sent.body, R"({ "temperature":1.50e0,"model" : "org/real","x":[1, 2] })");
  EXPECT_EQ(sent_header(gateway, "Content-Length"), std::to_string(sent.body.size()));
}

TEST(ForwardUpstream, WhatPassesThroughArrivesByteForByte) {
  TestGateway gateway;
  gateway.serve_everything_else_at("http://default:1/base");
  ClientRequest request = post("/files//up%2Fload/?q=%41", R"({"model":"m","priority":1})");
  request.chunked = true;
  static_cast<void>(gateway.ask(request.with("Accept-Encoding", "gzip")));
  const SentRequest& sent = gateway.upstream.requests.back();
  EXPECT_TRUE(sent.head.starts_with("POST /base/files//up%2Fload/?q=%41 HTTP/1.1\r\n")) << sent.head;
  EXPECT_EQ(sent.body, request.body);
  EXPECT_EQ(sent_header(gateway, "Transfer-Encoding"), "chunked");
  EXPECT_EQ(sent_header(gateway, "Accept-Encoding"), "gzip");
}

TEST(ForwardUpstream, AClientThatSaysThatItSendsNothingIsPassedOnSaying) {
  TestGateway gateway;
  gateway.serve_everything_else_at("http://default:1");
  static_cast<void>(gateway.ask(post("/files", "").with("Content-Length", "0")));
  EXPECT_EQ(sent_header(gateway, "Content-Length"), "0");
  static_cast<void>(gateway.ask(get("/files")));
  EXPECT_EQ(sent_header(gateway, "Content-Length"), "");
  EXPECT_EQ(sent_header(gateway, "Transfer-Encoding"), "");
}

TEST(ForwardUpstream, ABodyThatStreamsThroughIsBoundedToo) {
  TestGateway gateway;
  gateway.serve_everything_else_at("http://default:1");
  gateway.policy.body_bytes_max = 4;
  EXPECT_EQ(gateway.ask(post("/files", "1234")).client.status, 200);
  const auto asked = gateway.ask(post("/files", "12345"));
  EXPECT_EQ(asked.client.status, 413);
  EXPECT_EQ(error_member(asked.client, "code"), "request_too_large");
  EXPECT_TRUE(gateway.holds_nothing());
}

TEST(ForwardUpstream, AnUpstreamThatKnowsNoStreamOptionsIsAskedWithoutThem) {
  TestGateway gateway;
  gateway.upstream.will_answer(json_answer(400, R"({"error":"unknown field: stream_options"})"));
  gateway.upstream.always_answers(stream_answer({token_event("a"), done_event}));
  const auto asked = gateway.ask(chat_stream());
  EXPECT_EQ(asked.client.status, 200);
  EXPECT_EQ(asked.client.body(), token_event("a") + done_event);
  ASSERT_EQ(gateway.upstream.requests.size(), 2U);
  EXPECT_EQ(gateway.upstream.requests[1].body, chat_stream().body);
  EXPECT_EQ(asked.row.number("retries"), 0);
  // Remembered for ten minutes.
  static_cast<void>(gateway.ask(chat_stream()));
  EXPECT_EQ(gateway.upstream.requests[2].body, chat_stream().body);
  gateway.loop.advance(std::chrono::minutes(10));
  static_cast<void>(gateway.ask(chat_stream()));
  EXPECT_NE(gateway.upstream.requests[3].body, chat_stream().body);
}

TEST(ForwardUpstream, ARefusalThatOnlyEchoesWhatWasAddedIsNotRemembered) {
  TestGateway gateway;
  for (int attempt = 0; attempt < 2; ++attempt)
    gateway.upstream.will_answer(json_answer(400, R"({"error":"n is wrong in {\"n\":0,\"stream_options\":{}}"})"));
  EXPECT_EQ(gateway.ask(chat_stream()).client.status, 400);
  EXPECT_EQ(gateway.upstream.requests.size(), 2U);
  static_cast<void>(gateway.ask(chat_stream()));
  EXPECT_NE(gateway.upstream.requests.back().body, chat_stream().body);
}

TEST(ForwardUpstream, TheDefaultUpstreamsRefusalOfWhatWasAddedIsRememberedToo) {
  TestGateway gateway;
  gateway.serve_everything_else_at("http://default:1");
  gateway.policy.unregistered_models_allowed = true;
  const ClientRequest unknown = post("/v1/chat/completions", R"({"model":"other","messages":[],"stream":true})");
  gateway.upstream.will_answer(json_answer(400, R"({"error":"unknown field: stream_options"})"));
  gateway.upstream.always_answers(stream_answer({token_event("a"), done_event}));
  EXPECT_EQ(gateway.ask(unknown).client.status, 200);
  EXPECT_EQ(gateway.upstream.requests.size(), 2U);
  EXPECT_EQ(gateway.ask(unknown).client.status, 200);
  EXPECT_EQ(gateway.upstream.requests.size(), 3U);
}

TEST(ForwardUpstream, ARefusalForAnotherReasonKeepsItsBody) {
  TestGateway gateway;
  ScriptedAnswer refusal = json_answer(400, R"({"error":"too)");
  refusal.pieces.emplace_back(R"( long"})");
  gateway.upstream.will_answer(refusal);
  const auto asked = gateway.ask(chat_stream());
  EXPECT_EQ(asked.client.status, 400);
  EXPECT_EQ(asked.client.body(), R"({"error":"too long"})");
  EXPECT_TRUE(asked.client.finished);
  EXPECT_EQ(gateway.upstream.requests.size(), 1U);
}

TEST(ForwardUpstream, AClientThatSentStreamOptionsGetsItsOwnRefusal) {
  TestGateway gateway;
  gateway.upstream.will_answer(json_answer(400, R"({"error":"unknown field: stream_options"})"));
  const auto asked = gateway.ask(chat_stream(R"(,"stream_options":{"include_usage":true})"));
  EXPECT_EQ(asked.client.status, 400);
  EXPECT_EQ(gateway.upstream.requests.size(), 1U);
}

TEST(ForwardUpstream, AModelSaysHowLongItMayBeSilent) {
  TestGateway gateway;
  gateway.model().request_timeout_secs = 7;
  static_cast<void>(gateway.ask(chat()));
  EXPECT_EQ(gateway.upstream.requests.back().head_timeout, seconds(7));
}

TEST(ForwardUpstream, AnEndpointThatKeepsFailingIsLeftAlone) {
  TestGateway gateway;
  add_second_endpoint(gateway, 9);
  gateway.model().max_retries = 0;
  for (int request = 0; request < 5; ++request) {
    gateway.upstream.will_answer(json_answer(500, "{}"));
    EXPECT_EQ(gateway.ask(chat()).client.status, 500);
  }
  EXPECT_EQ(gateway.ask(chat()).client.status, 200);
  EXPECT_EQ(gateway.upstream.requests.back().authority, "two:8000");
}

TEST(ForwardUpstream, AClientThatLeavesSaysNothingAboutTheEndpoint) {
  TestGateway gateway;
  ScriptedAnswer begun = stream_answer({token_event("a")});
  begun.piece_takes = hours(1);
  for (const ScriptedAnswer& answer : {ScriptedAnswer{.head_takes = hours(1)}, begun}) {
    gateway.upstream.always_answers(answer);
    for (int request = 0; request < 10; ++request)
      gateway.begin(chat_stream())->client.leave();
  }
  const EndpointStanding standing = gateway.endpoints.standing(gateway.model().endpoints[0].id, gateway.loop.now());
  EXPECT_EQ(standing.standing, resilience::EndpointHealth::Standing::healthy);
  EXPECT_EQ(standing.in_flight, 0U);
}

TEST(ForwardUpstream, ARequestThatItsUpstreamFailedWasAdmittedAndNotRefused) {
  for (const auto& [kind, status] : {std::pair(FaultKind::unreachable, 502), {FaultKind::timed_out, 504}}) {
    TestGateway gateway;
    gateway.model().max_retries = 0;
    gateway.who().tenant.quota.tokens_per_minute = 1000;
    gateway.upstream.will_answer(no_answer(kind, false));
    const auto asked = gateway.ask(chat());
    EXPECT_EQ(asked.client.status, status);
    EXPECT_EQ(asked.row.text("admission"), "fast");
    EXPECT_EQ(asked.client.header("x-obleth-admission"), "fast");
    EXPECT_TRUE(asked.client.header("Server-Timing"));
    EXPECT_EQ(gateway.metric(R"(obleth_requests_total{model="m",route="/v1/chat/completions",status_class="5xx",)"
                             R"(admission="fast"})"),
              "1");
    EXPECT_EQ(gateway.metric(R"(obleth_refusals_total{tenant="acme",reason=")" + asked.row.text("error") + "\"}"), "");
  }
}

TEST(ForwardUpstream, AnAnswerThatTheStopBreaksOffUnseenIsToldSo) {
  TestGateway gateway;
  ScriptedAnswer none;
  none.refusal = ports::gateway_is_stopping();
  ScriptedAnswer begun = json_answer(200, "");
  begun.pieces.clear();
  begun.cut = ports::gateway_is_stopping();
  for (const ScriptedAnswer& answer : {none, begun}) {
    gateway.upstream.will_answer(answer);
    const auto asked = gateway.ask(chat());
    EXPECT_EQ(asked.client.status, 503);
    EXPECT_EQ(error_member(asked.client, "code"), "draining");
  }
  EXPECT_TRUE(gateway.holds_nothing());
}

TEST(ForwardUpstream, WhatAVendorNotedGoesOnOnlyWithItsTrace) {
  const std::string valid = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  TestGateway gateway;
  const ClientRequest request = chat().with("tracestate", "vendor=1");
  static_cast<void>(gateway.ask(request.with("traceparent", valid)));
  EXPECT_EQ(sent_header(gateway, "tracestate"), "vendor=1");
  static_cast<void>(gateway.ask(request.with("traceparent", "00-" + std::string(32, '0') + "-b7ad6b7169203331-01")));
  EXPECT_EQ(sent_header(gateway, "tracestate"), "");
  static_cast<void>(gateway.ask(request));
  EXPECT_EQ(sent_header(gateway, "tracestate"), "");
}

TEST(ForwardUpstream, AServerThatAsksForTimeIsGivenItUnlessAnotherIsThere) {
  ScriptedAnswer busy = json_answer(429, "{}");
  busy.headers.emplace_back("Retry-After", "1");
  enum class Other : std::uint8_t { none, disabled, present };
  for (const Other other : {Other::none, Other::disabled, Other::present}) {
    TestGateway gateway;
    const bool has_other = other == Other::present;
    if (other != Other::none) add_second_endpoint(gateway, 0);
    if (other == Other::disabled) gateway.model().endpoints.back().enabled = false;
    gateway.upstream.will_answer(busy);
    const Instant before = gateway.loop.now();
    EXPECT_EQ(gateway.ask(chat()).client.status, 200);
    EXPECT_EQ(gateway.upstream.requests.size(), 2U);
    if (has_other) {
      EXPECT_LT(gateway.loop.now() - before, milliseconds(200));
    } else {
      EXPECT_GE(gateway.loop.now() - before, seconds(1));
    }
  }
}

}  // namespace
}  // namespace obleth::gateway
