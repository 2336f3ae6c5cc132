#include "gateway/relay_reply.hpp"

#include <gtest/gtest.h>

#include "gateway/gateway_fixture.hpp"

namespace obleth::gateway {
namespace {

const std::string asked_count = R"(obleth_tenant_requests_total{tenant="acme",status_class="2xx"})";

std::size_t count(const std::string& text, const std::string& word) {
  std::size_t found = 0;
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1))
    ++found;
  return found;
}

ScriptedAnswer cut_after(std::vector<std::string> pieces) {
  ScriptedAnswer answer = stream_answer(std::move(pieces));
  answer.cut = upstream_fault(FaultKind::broken, "reset", true);
  return answer;
}

TEST(RelayReply, EveryPieceOfAStreamPassesAsItComes) {
  TestGateway gateway;
  const std::vector<std::string> pieces = {token_event("a"), token_event("b") + token_event("c"), done_event};
  ScriptedAnswer stream = stream_answer(pieces);
  stream.piece_takes = seconds(1);
  gateway.upstream.will_answer(stream);
  const auto streaming = gateway.begin(chat_stream());
  EXPECT_EQ(streaming->client.status, 200) << "the head does not wait for the first event";
  for (std::size_t piece = 1; piece <= pieces.size(); ++piece) {
    gateway.loop.advance(seconds(1));
    EXPECT_EQ(streaming->client.writes, std::vector(pieces.begin(), pieces.begin() + static_cast<long>(piece)));
  }
  gateway.finish(*streaming);
  EXPECT_FALSE(streaming->client.content_length);
  EXPECT_TRUE(streaming->client.finished);
  EXPECT_EQ(gateway.desk.in_flight(), 0U);
}

TEST(RelayReply, TheSlotIsHeldUntilTheStreamEnds) {
  TestGateway gateway;
  ScriptedAnswer stream = stream_answer({token_event("a"), done_event});
  stream.piece_takes = seconds(1);
  gateway.upstream.will_answer(stream);
  const auto streaming = gateway.begin(chat_stream());
  gateway.loop.advance(milliseconds(2500));
  EXPECT_EQ(gateway.desk.in_flight(), 1U);
  EXPECT_TRUE(gateway.ledger.settles.empty());
  gateway.finish(*streaming);
  EXPECT_TRUE(gateway.holds_nothing());
}

// Output tokens that the tenant has been charged for while its one request runs.
std::int64_t charged_output(const TestGateway& gateway) {
  const fairshare::Snapshot shares = gateway.desk.snapshot(gateway.loop.now());
  return (shares.tenants.front().running_cost.value - gateway.ledger.reserves.back().input_tokens * 1000) / 4000;
}

TEST(RelayReply, ProgressIsChargedEveryHundredMillisecondsAndNotForEveryToken) {
  TestGateway gateway;
  ScriptedAnswer stream = stream_answer(std::vector<std::string>(30, token_event("a")));
  stream.piece_takes = milliseconds(10);
  gateway.upstream.will_answer(stream);
  const auto streaming = gateway.begin(chat_stream());
  gateway.loop.advance(milliseconds(10));
  EXPECT_EQ(charged_output(gateway), 1);
  gateway.loop.advance(milliseconds(90));
  EXPECT_EQ(charged_output(gateway), 1);
  gateway.loop.advance(milliseconds(10));
  EXPECT_EQ(charged_output(gateway), 11);
  gateway.finish(*streaming);
}

TEST(RelayReply, ManyTokensAreChargedAtOnce) {
  TestGateway gateway;
  std::string burst;
  for (int token = 0; token < 31; ++token)
    burst += token_event("a");
  ScriptedAnswer stream = stream_answer({token_event("a"), burst, token_event("a"), done_event});
  stream.piece_takes = milliseconds(1);
  gateway.upstream.will_answer(stream);
  const auto streaming = gateway.begin(chat_stream());
  gateway.loop.advance(milliseconds(2));
  EXPECT_EQ(charged_output(gateway), 1) << "31 more are not yet 32";
  gateway.loop.advance(milliseconds(1));
  EXPECT_EQ(charged_output(gateway), 33);
  gateway.finish(*streaming);
}

TEST(RelayReply, ASlotThatIsHeldLongIsPaidByTheSecond) {
  TestGateway gateway;
  ScriptedAnswer stream = stream_answer({token_event("a"), usage_event, done_event});
  stream.piece_takes = seconds(10);
  gateway.upstream.will_answer(stream);
  const auto asked = gateway.ask(chat_stream());
  const fairshare::Snapshot shares = gateway.desk.snapshot(gateway.loop.now());
  EXPECT_EQ(shares.tenants.front().settled_cost.value, 60'000 * 40) << "three pieces and the end";
}

TEST(RelayReply, TheUsageEventIsTakenOutWhereOblethAskedForIt) {
  TestGateway gateway;
  gateway.upstream.will_answer(stream_answer({token_event("a"), usage_event, done_event}));
  const auto asked = gateway.ask(chat_stream());
  EXPECT_NE(gateway.upstream.requests.back().body.find(R"("stream_options":{"include_usage":true})"),
            std::string::npos);
  EXPECT_EQ(asked.client.body(), token_event("a") + done_event);
  EXPECT_EQ(asked.row.number("output_tokens"), 20);
}

TEST(RelayReply, TheUsageEventStaysWhereTheClientAskedForIt) {
  TestGateway gateway;
  gateway.upstream.will_answer(stream_answer({token_event("a"), usage_event, done_event}));
  const ClientRequest request = chat_stream(R"(,"stream_options":{"include_usage":true})");
  const auto asked = gateway.ask(request);
  EXPECT_EQ(gateway.upstream.requests.back().body, request.body);
  EXPECT_EQ(asked.client.body(), token_event("a") + usage_event + done_event);
}

TEST(RelayReply, AModelMayHaveItsStreamsByteForByte) {
  TestGateway gateway;
  gateway.model().inject_usage = false;
  gateway.upstream.will_answer(stream_answer({token_event("a"), usage_event, done_event}));
  const auto asked = gateway.ask(chat_stream());
  EXPECT_EQ(gateway.upstream.requests.back().body, chat_stream().body);
  EXPECT_EQ(asked.client.body(), token_event("a") + usage_event + done_event);
  EXPECT_EQ(asked.row.number("output_tokens"), 20);
}

TEST(RelayReply, DoneIsNeverInvented) {
  TestGateway gateway;
  gateway.upstream.will_answer(stream_answer({token_event("a")}));
  const auto asked = gateway.ask(chat_stream());
  EXPECT_EQ(asked.client.body(), token_event("a"));
  EXPECT_TRUE(asked.client.finished);
}

TEST(RelayReply, WhatWasHeldBackAndProvedNoEventGoesOutAtTheEnd) {
  TestGateway gateway;
  const std::string tail = R"(data: {"choices":[],"usa)";
  gateway.upstream.will_answer(stream_answer({token_event("a"), tail}));
  const auto asked = gateway.ask(chat_stream());
  EXPECT_EQ(asked.client.body(), token_event("a") + tail);
}

TEST(RelayReply, AStreamThatBreaksEndsWithOneErrorEvent) {
  TestGateway gateway;
  gateway.upstream.will_answer(cut_after({token_event("a")}));
  const auto asked = gateway.ask(chat_stream());
  const std::string body = asked.client.body();
  EXPECT_TRUE(body.starts_with(token_event("a") + "data: {\"error\":{")) << body;
  EXPECT_EQ(count(body, "stream_interrupted"), 1U);
  EXPECT_EQ(count(body, R"("type":"upstream_error")"), 1U);
  EXPECT_EQ(count(body, "[DONE]"), 0U);
  EXPECT_TRUE(body.ends_with("}\n\n"));
  EXPECT_TRUE(asked.client.finished);
  EXPECT_EQ(gateway.upstream.requests.size(), 1U);
}

TEST(RelayReply, AnErrorInTheMiddleOfAnEventBeginsWithABlankLine) {
  TestGateway gateway;
  gateway.upstream.will_answer(cut_after({R"(data: {"choices":[{"delta":{"cont)"}));
  const std::string body = gateway.ask(chat_stream()).client.body();
  EXPECT_NE(body.find("\n\ndata: {\"error\":"), std::string::npos) << body;
}

TEST(RelayReply, AStreamThatBreaksBeforeItsFirstEventIsToldSo) {
  TestGateway gateway;
  gateway.upstream.will_answer(cut_after({}));
  const auto asked = gateway.ask(chat_stream());
  EXPECT_EQ(asked.client.status, 200);
  EXPECT_TRUE(asked.client.body().starts_with("data: {\"error\":"));
}

ScriptedAnswer stopped_after(std::vector<std::string> pieces) {
  ScriptedAnswer answer = stream_answer(std::move(pieces));
  answer.cut = ports::gateway_is_stopping();
  return answer;
}

TEST(RelayReply, AStreamThatTheGatewayCutsOffIsNotTheUpstreamsFault) {
  TestGateway gateway;
  gateway.upstream.will_answer(stopped_after({token_event("a")}));
  const auto asked = gateway.ask(chat_stream());
  const std::string body = asked.client.body();
  EXPECT_TRUE(body.starts_with(token_event("a") + "data: {\"error\":{")) << body;
  EXPECT_NE(body.find(R"("type":"service_unavailable_error","param":null,"code":"draining")"), std::string::npos);
  EXPECT_NE(body.find("This gateway is stopping."), std::string::npos) << body;
  EXPECT_EQ(asked.row.text("error"), "draining");
  EXPECT_TRUE(asked.client.finished);
  EXPECT_TRUE(gateway.holds_nothing());

  gateway.upstream.will_answer(stopped_after({"event: message_start\ndata: {}\n\n"}));
  const auto message = gateway.ask(post("/v1/messages", R"({"model":"m","messages":[]})"));
  EXPECT_NE(message.client.body().find(R"("error":{"type":"overloaded_error","message":"This gateway is stopping.)"),
            std::string::npos)
      << message.client.body();
  EXPECT_EQ(gateway.endpoints.standing(gateway.model().endpoints.front().id, gateway.loop.now()).standing,
            resilience::EndpointHealth::Standing::healthy);
}

TEST(RelayReply, ALongAnswerThatTheGatewayCutsOffSaysSoInItsRow) {
  TestGateway gateway;
  ScriptedAnswer answer = json_answer(200, "{\"choices\":");
  answer.cut = ports::gateway_is_stopping();
  gateway.upstream.will_answer(answer);
  const auto asked = gateway.ask(chat());
  EXPECT_FALSE(asked.client.finished);
  EXPECT_EQ(asked.row.text("error"), "draining");
}

TEST(RelayReply, ALongAnswerThatBreaksIsCut) {
  TestGateway gateway;
  ScriptedAnswer answer = json_answer(200, "{\"choices\":");
  answer.cut = upstream_fault(FaultKind::broken, "reset", true);
  gateway.upstream.will_answer(answer);
  const auto asked = gateway.ask(chat());
  EXPECT_EQ(asked.client.status, 200);
  EXPECT_EQ(asked.client.body(), "{\"choices\":");
  EXPECT_FALSE(asked.client.finished) << "the client has to see that something is missing";
  EXPECT_EQ(asked.row.text("error"), "stream_interrupted");
  EXPECT_TRUE(gateway.holds_nothing());
}

TEST(RelayReply, AnAnswerThatBreaksBeforeItsFirstByteIsTheUpstreamsError) {
  struct Case {
    FaultKind kind;
    int status;
    std::string code;
  };
  for (const Case& expected : {Case{FaultKind::broken, 502, "upstream_unreachable"},
                               {FaultKind::timed_out, 504, "upstream_timeout"},
                               {FaultKind::bad_answer, 502, "bad_upstream_response"}}) {
    TestGateway gateway;
    ScriptedAnswer answer = {.headers = {{"Content-Type", "application/json"}}};
    answer.cut = upstream_fault(expected.kind, "scripted", true);
    gateway.model().max_retries = 0;
    gateway.upstream.will_answer(answer);
    const auto asked = gateway.ask(chat());
    EXPECT_EQ(asked.client.status, expected.status);
    EXPECT_EQ(error_member(asked.client, "code"), expected.code);
    EXPECT_EQ(asked.row.number("status"), expected.status);
    EXPECT_EQ(asked.row.number("input_tokens"), 0);
    EXPECT_EQ(gateway.endpoints.standing(gateway.model().endpoints[0].id, gateway.loop.now()).in_flight, 0U);
    EXPECT_TRUE(gateway.holds_nothing());
  }
}

TEST(RelayReply, AWholeShortAnswerLeavesInOneWriteAfterItsRow) {
  TestGateway gateway;
  const auto asking = gateway.prepare(chat());
  std::string counted_at_start;
  asking->client.on_start = [&] { counted_at_start = gateway.metric(asked_count); };
  gateway.start(*asking);
  ASSERT_TRUE(asking->ended);
  EXPECT_EQ(counted_at_start, "1");
  EXPECT_EQ(asking->client.writes.size(), 1U);
  EXPECT_EQ(asking->client.content_length, asking->client.body().size());
  EXPECT_TRUE(asking->client.finished);
}

TEST(RelayReply, ALongAnswerIsInTheLedgerBeforeItEnds) {
  TestGateway gateway;
  gateway.upstream.will_answer({.pieces = {"one", "two", "three"}});
  const auto asking = gateway.prepare(chat());
  std::string counted_at_start;
  std::string counted_at_finish;
  asking->client.on_start = [&] { counted_at_start = gateway.metric(asked_count); };
  std::vector<std::string> before_finish;
  asking->client.on_finish = [&] {
    counted_at_finish = gateway.metric(asked_count);
    before_finish = asking->client.writes;
  };
  gateway.start(*asking);
  EXPECT_EQ(counted_at_start, "");
  EXPECT_EQ(counted_at_finish, "1");
  EXPECT_EQ(before_finish, (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(asking->client.writes, (std::vector<std::string>{"one", "two", "three"}));
  EXPECT_EQ(asking->client.content_length, 11U);
}

TEST(RelayReply, TheLastEventsOfAStreamWaitForTheRowWhereTheirEndCameWithThem) {
  TestGateway gateway;
  ScriptedAnswer stream = stream_answer({token_event("a"), token_event("b") + done_event});
  stream.end_comes_with_last_piece = true;
  gateway.upstream.will_answer(stream);
  const auto asking = gateway.prepare(chat_stream());
  std::string counted_at_finish;
  std::vector<std::string> before_finish;
  asking->client.on_finish = [&] {
    counted_at_finish = gateway.metric(asked_count);
    before_finish = asking->client.writes;
  };
  gateway.start(*asking);
  EXPECT_EQ(counted_at_finish, "1");
  EXPECT_EQ(before_finish, (std::vector<std::string>{token_event("a")}));
  EXPECT_EQ(asking->client.body(), token_event("a") + token_event("b") + done_event);
  EXPECT_FALSE(asking->client.content_length);
}

TEST(RelayReply, AStreamThatCameWholeIsStillSentAsOne) {
  TestGateway gateway;
  ScriptedAnswer stream = stream_answer({token_event("a") + done_event});
  stream.end_comes_with_last_piece = true;
  gateway.upstream.will_answer(stream);
  const auto asked = gateway.ask(chat_stream());
  EXPECT_EQ(asked.client.body(), token_event("a") + done_event);
  EXPECT_FALSE(asked.client.content_length);
  EXPECT_TRUE(asked.client.finished);
}

TEST(RelayReply, AClientThatLeavesWithTheWholeStreamReadLeftNothing) {
  TestGateway gateway;
  ScriptedAnswer stream = stream_answer({token_event("a"), usage_event + done_event});
  stream.piece_takes = seconds(1);
  gateway.upstream.will_answer(stream);
  const auto streaming = gateway.begin(chat_stream());
  gateway.loop.advance(milliseconds(2500));
  streaming->client.leave();
  gateway.finish(*streaming);
  const Row row = gateway.row_of(*streaming);
  EXPECT_EQ(row.number("status"), 200);
  EXPECT_EQ(row.text("error_code"), "");
  EXPECT_EQ(row.number("output_tokens"), 20);
}

TEST(RelayReply, UsageThatCannotBeIsClampedAndCounted) {
  TestGateway gateway;
  const std::string series = R"(obleth_usage_clamped_total{model="m"})";
  gateway.upstream.will_answer(json_answer(200, R"({"usage":{"prompt_tokens":10,"completion_tokens":20}})"));
  static_cast<void>(gateway.ask(chat()));
  EXPECT_EQ(gateway.metric(series), "");
  gateway.upstream.will_answer(json_answer(200, R"({"usage":{"prompt_tokens":-3,"completion_tokens":20}})"));
  const auto whole = gateway.ask(chat());
  EXPECT_EQ(whole.row.number("input_tokens"), 0);
  EXPECT_EQ(gateway.metric(series), "1");
  gateway.upstream.will_answer(
      stream_answer({token_event("a"),
                     R"(data: {"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":2.5}})"
                     "\n\n",
                     done_event}));
  static_cast<void>(gateway.ask(chat_stream()));
  EXPECT_EQ(gateway.metric(series), "2");
  // More of the prompt was cached than there was of it.
  gateway.upstream.will_answer(stream_answer(
      {token_event("a"),
       R"(data: {"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":11}}})"
       "\n\n",
       done_event}));
  static_cast<void>(gateway.ask(chat_stream()));
  EXPECT_EQ(gateway.metric(series), "3");
}

TEST(RelayReply, AnAnswerWithoutABodyHasALengthOfZero) {
  TestGateway gateway;
  gateway.serve_everything_else_at("http://default:1");
  gateway.upstream.will_answer({.status = 204});
  const auto asked = gateway.ask(get("/v1/files"));
  EXPECT_EQ(asked.client.status, 204);
  EXPECT_EQ(asked.client.content_length, 0U);
  EXPECT_TRUE(asked.client.finished);
}

TEST(RelayReply, StreamsAreNotBufferedOnTheirWay) {
  TestGateway gateway;
  gateway.upstream.will_answer(stream_answer({done_event}));
  const auto plain = gateway.ask(chat_stream());
  EXPECT_EQ(plain.client.header("X-Accel-Buffering"), "no");
  EXPECT_EQ(plain.client.header("Cache-Control"), "no-cache");
  // What the upstream says itself is said once.
  for (const bool says_buffering : {false, true}) {
    for (const bool says_caching : {false, true}) {
      ScriptedAnswer stream = stream_answer({done_event});
      if (says_buffering) stream.headers.emplace_back("x-accel-buffering", "no");
      if (says_caching) stream.headers.emplace_back("Cache-Control", "private");
      gateway.upstream.will_answer(stream);
      const auto asked = gateway.ask(chat_stream());
      EXPECT_EQ(count(asked.client.head_lines, "ccel-"), 1U);
      EXPECT_EQ(count(asked.client.head_lines, "Cache-Control"), 1U);
      EXPECT_EQ(asked.client.header("Cache-Control"), says_caching ? "private" : "no-cache");
    }
  }
  EXPECT_FALSE(gateway.ask(chat()).client.header("X-Accel-Buffering"));
}

TEST(RelayReply, TheUpstreamsHeadersPassAndItsIdsAreRenamed) {
  TestGateway gateway;
  ScriptedAnswer answer = good_answer();
  for (const auto& [name, value] : HeaderList{{"Retry-After", "7"},
                                              {"x-request-id", "theirs"},
                                              {"x-ratelimit-limit-tokens", "5"},
                                              {"Set-Cookie", "a=1"},
                                              {"Set-Cookie", "b=2"},
                                              {"Keep-Alive", "timeout=5"},
                                              {"x-obleth-admission", "forged"}}) {
    answer.headers.emplace_back(name, value);
  }
  gateway.upstream.will_answer(answer);
  const auto asked = gateway.ask(chat());
  EXPECT_EQ(asked.client.header("Retry-After"), "7");
  EXPECT_EQ(asked.client.header("x-upstream-request-id"), "theirs");
  EXPECT_EQ(asked.client.header("x-upstream-ratelimit-limit-tokens"), "5");
  EXPECT_EQ(count(asked.client.head_lines, "Set-Cookie"), 2U);
  EXPECT_FALSE(asked.client.header("Keep-Alive"));
  EXPECT_EQ(asked.client.header("x-request-id"), asked.conversation->id.hex());
  EXPECT_EQ(asked.client.header("x-obleth-admission"), "fast");
  EXPECT_EQ(count(asked.client.head_lines, "x-obleth-admission"), 1U);
}

TEST(RelayReply, AnUpstreamsOwnErrorPassesAndSaysWhoseItIs) {
  TestGateway gateway;
  gateway.upstream.will_answer(json_answer(422, R"({"error":"theirs"})"));
  const auto asked = gateway.ask(chat());
  EXPECT_EQ(asked.client.status, 422);
  EXPECT_EQ(asked.client.body(), R"({"error":"theirs"})");
  EXPECT_EQ(asked.client.header("x-obleth-error-source"), "upstream");
  EXPECT_FALSE(gateway.ask(chat()).client.header("x-obleth-error-source"));
}

TEST(RelayReply, TheHeadTellsWhereTheTimeWent) {
  TestGateway gateway;
  ScriptedAnswer answer = good_answer();
  answer.head_takes = milliseconds(250);
  gateway.upstream.will_answer(answer);
  EXPECT_EQ(gateway.ask(chat()).client.header("Server-Timing"),
            "auth;dur=0.000, budget;dur=0.000, queue;dur=0.000, upstream;dur=250.000");
}

TEST(RelayReply, WhatTheClientTookToSendIsNoTimeInTheGateway) {
  for (const char* path : {"/v1/chat/completions", "/files/upload"}) {
    TestGateway gateway;
    gateway.serve_everything_else_at("http://default:1");
    gateway.upstream.will_answer(good_answer());
    ClientRequest request = chat();
    request.target = path;
    const auto asked = gateway.prepare(request);
    asked->client.slow_body.emplace(gateway.loop, seconds(2));
    gateway.start(*asked);
    gateway.finish(*asked);
    const Row row = gateway.row_of(asked->id);
    EXPECT_EQ(row.number("overhead_us"), 0) << path;
    EXPECT_EQ(row.number("total_ms"), 4000) << path << ": a piece and the end";
    EXPECT_TRUE(asked->client.header("Server-Timing")->starts_with("auth;dur=0.000, budget;dur=0.000,")) << path;
  }
}

TEST(RelayReply, ACompressedAnswerIsRelayedUntouchedAndEstimated) {
  TestGateway gateway;
  ScriptedAnswer stream = stream_answer({"\x1f\x8b\n\n", usage_event});
  stream.headers.emplace_back("Content-Encoding", "gzip");
  gateway.upstream.will_answer(stream);
  const auto asked = gateway.ask(chat_stream());
  EXPECT_EQ(asked.client.body(), "\x1f\x8b\n\n" + usage_event);
  EXPECT_EQ(asked.client.header("Content-Encoding"), "gzip");
  EXPECT_EQ(asked.row.text("usage"), "estimated");
}

TEST(RelayReply, TheFirstByteIsTimed) {
  TestGateway gateway;
  ScriptedAnswer stream = stream_answer({token_event("a"), done_event});
  stream.head_takes = milliseconds(100);
  stream.piece_takes = milliseconds(200);
  gateway.upstream.will_answer(stream);
  const auto asked = gateway.ask(chat_stream());
  EXPECT_EQ(asked.row.number("ttft_ms"), 300);
  EXPECT_EQ(asked.row.number("total_ms"), 700);
  EXPECT_EQ(asked.row.number("overhead_us"), 0);
}

TEST(RelayReply, AnthropicsStreamsBreakInAnthropicsShape) {
  TestGateway gateway;
  gateway.upstream.will_answer(cut_after({"event: message_start\ndata: {}\n\n"}));
  const std::string body = gateway.ask(post("/v1/messages", R"({"model":"m","messages":[]})")).client.body();
  EXPECT_NE(body.find("event: error\ndata: {\"type\":\"error\""), std::string::npos) << body;
}

TEST(RelayReply, AnAnswerWithoutABodyKeepsTheLengthThatItTells) {
  TestGateway gateway;
  gateway.serve_everything_else_at("http://default:1");
  ScriptedAnswer head = json_answer(200, "");
  head.told_length = 1234;
  gateway.upstream.will_answer(head);
  const auto asked = gateway.ask({.method = "HEAD", .target = "/files/a"});
  EXPECT_EQ(asked.client.status, 200);
  EXPECT_EQ(asked.client.content_length, 1234U);
  EXPECT_EQ(asked.client.body(), "");
  EXPECT_TRUE(asked.client.finished);

  gateway.upstream.will_answer(json_answer(200, ""));
  EXPECT_EQ(gateway.ask(get("/files/empty")).client.content_length, 0U);
  ScriptedAnswer untold = json_answer(304, "");
  untold.has_length = false;
  gateway.upstream.will_answer(untold);
  EXPECT_EQ(gateway.ask(get("/files/a")).client.content_length, std::nullopt);
}

}  // namespace
}  // namespace obleth::gateway
