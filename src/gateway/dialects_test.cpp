// Messages, responses, rerank and the routes beside them on the whole request path: each in its own words.
#include <gtest/gtest.h>

#include "gateway/gateway_fixture.hpp"

namespace obleth::gateway {
namespace {

ClientRequest messages(const std::string& more = {}) {
  return post("/v1/messages",
              R"({"model":"m","messages":[{"role":"user","content":"hello"}],"max_tokens":100)" + more + "}");
}

ScriptedAnswer cut_after(std::vector<std::string> events) {
  ScriptedAnswer answer = stream_answer(std::move(events));
  answer.cut = upstream_fault(FaultKind::broken, "reset", true);
  return answer;
}

const std::string start_event =
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":4,"
    "\"cache_read_input_tokens\":6,\"output_tokens\":1}}}\n\n";
const std::string text_event =
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":"
    "\"hi\"}}\n\n";
const std::string delta_event =
    "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{"
    "\"output_tokens\":20}}\n\n";
const std::string stop_event = "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

TEST(DialectRoutes, MessagesAreBilledByTheirOwnUsage) {
  TestGateway gateway;
  gateway.upstream.will_answer(
      json_answer(200, R"({"usage":{"input_tokens":4,"cache_read_input_tokens":6,"output_tokens":20}})"));
  const auto asked = gateway.ask(messages());
  EXPECT_EQ(gateway.ledger.settles.back().used_tokens, 30);
  EXPECT_EQ(asked.row.number("input_tokens"), 10);
  EXPECT_EQ(asked.row.text("usage"), "upstream");
  EXPECT_TRUE(gateway.holds_nothing());
}

TEST(DialectRoutes, AStreamOfMessagesIsBilledByAllItsUsageTogether) {
  TestGateway gateway;
  gateway.upstream.will_answer(stream_answer({start_event, text_event, delta_event, stop_event}));
  const auto asked = gateway.ask(messages(R"(,"stream":true)"));
  EXPECT_EQ(asked.client.body(), start_event + text_event + delta_event + stop_event);
  EXPECT_EQ(gateway.ledger.settles.back().used_tokens, 30);
  EXPECT_EQ(asked.row.text("usage"), "upstream");
  // Nothing is asked for that the dialect does not know.
  EXPECT_EQ(gateway.upstream.requests.back().body.find("stream_options"), std::string::npos);
}

TEST(DialectRoutes, ABrokenStreamTellsSoInItsDialect) {
  TestGateway gateway;
  gateway.upstream.will_answer(cut_after({start_event, text_event}));
  const auto asked = gateway.ask(messages(R"(,"stream":true)"));
  // What was read is known, what was generated is counted.
  EXPECT_EQ(asked.row.number("input_tokens"), 10);
  EXPECT_EQ(asked.row.number("output_tokens"), 1);
  EXPECT_EQ(asked.row.text("usage"), "estimated");
  EXPECT_TRUE(asked.client.body().starts_with(start_event + text_event + "event: error\ndata: {\"type\":\"error\","))
      << asked.client.body();
  gateway.upstream.will_answer(
      cut_after({"event: response.created\ndata: {\"type\":\"response.created\",\"sequence_number\":0}\n\n"}));
  const std::string body =
      gateway.ask(post("/v1/responses", R"({"model":"m","input":"a","stream":true})")).client.body();
  EXPECT_NE(body.find("event: error\ndata: {\"type\":\"error\",\"sequence_number\":1,\"code\":\"stream_interrupted\""),
            std::string::npos)
      << body;
}

TEST(DialectRoutes, ABreakBehindTheEndOfAStreamIsNone) {
  TestGateway gateway;
  gateway.upstream.will_answer(cut_after({start_event, text_event, delta_event, stop_event}));
  const auto asked = gateway.ask(messages(R"(,"stream":true)"));
  EXPECT_EQ(asked.client.body(), start_event + text_event + delta_event + stop_event);
  EXPECT_EQ(asked.row.text("error"), "");
  EXPECT_TRUE(gateway.holds_nothing());
}

TEST(DialectRoutes, ModelsAreResolvedAsForChat) {
  TestGateway gateway;
  gateway.model().upstream_model = "real";
  static_cast<void>(gateway.ask(messages()));
  EXPECT_NE(gateway.upstream.requests.back().body.find(R"("model":"real")"), std::string::npos);
  const auto unknown = gateway.ask(post("/v1/messages", R"({"model":"other","messages":[],"max_tokens":1})"));
  EXPECT_EQ(unknown.client.status, 404);
  EXPECT_NE(unknown.client.body().find(R"("type":"not_found_error")"), std::string::npos) << unknown.client.body();
  // Where there is a default upstream, what is not registered is its business.
  gateway.serve_everything_else_at("http://default:1");
  EXPECT_EQ(gateway.ask(post("/v1/messages", R"({"model":"other","messages":[],"max_tokens":1})")).client.status, 200);
  gateway.who().key.allowed_models = {"m"};
  EXPECT_EQ(gateway.ask(post("/v1/messages", R"({"model":"other","messages":[],"max_tokens":1})")).client.status, 404);
}

TEST(DialectRoutes, CountsAndRanksHoldNoOutput) {
  TestGateway gateway;
  for (const ClientRequest& request :
       {post("/v1/messages/count_tokens", R"({"model":"m","messages":[{"role":"user","content":"hello"}]})"),
        post("/v1/rerank", R"({"model":"m","query":"a","documents":["b","c"]})")}) {
    gateway.upstream.will_answer(json_answer(200, R"({"input_tokens":7,"usage":{"total_tokens":7}})"));
    const auto asked = gateway.ask(request);
    EXPECT_EQ(gateway.ledger.reserves.back().bound_tokens, gateway.ledger.reserves.back().input_tokens);
    EXPECT_EQ(gateway.ledger.settles.back().used_tokens, 7) << request.target;
    EXPECT_EQ(asked.row.number("output_tokens"), 0);
  }
}

TEST(DialectRoutes, PicturesAndSoundsCostAFixedCountUntilTheAnswerTells) {
  TestGateway gateway;
  gateway.model().tokens_per_media_part = 500;
  gateway.upstream.will_answer(json_answer(200, R"({"data":[{"b64_json":"AAAA"}]})"));
  static_cast<void>(gateway.ask(post("/v1/images/generations", R"({"model":"m","prompt":"a cat","n":3})")));
  EXPECT_EQ(gateway.ledger.reserves.back().bound_tokens, gateway.ledger.reserves.back().input_tokens + 3 * 500);
  EXPECT_EQ(gateway.ledger.settles.back().used_tokens, 0);  // by slot time
  gateway.upstream.will_answer(json_answer(200, R"({"data":[],"usage":{"input_tokens":5,"output_tokens":272}})"));
  static_cast<void>(gateway.ask(post("/v1/images/generations", R"({"model":"m","prompt":"a cat"})")));
  EXPECT_EQ(gateway.ledger.settles.back().used_tokens, 277);
  EXPECT_EQ(gateway.ask(get("/v1/audio/voices")).client.status, 404);  // passes through, to no upstream
}

TEST(DialectRoutes, ACutIsWrittenWhereTheDialectReadsIt) {
  TestGateway gateway;
  gateway.ledger.granted.output_cap = 50;
  gateway.ledger.granted.softened_by = ports::SoftenedBy::budget;
  static_cast<void>(gateway.ask(post("/v1/responses", R"({"model":"m","input":"a"})")));
  EXPECT_EQ(gateway.upstream.requests.back().body, R"({"max_output_tokens":50,"model":"m","input":"a"})");
  static_cast<void>(gateway.ask(messages()));
  EXPECT_NE(gateway.upstream.requests.back().body.find(R"("max_tokens":50})"), std::string::npos);
}

// Lets a request wait twice as long as its tenant is expected to, and answers it.
std::optional<std::string> brownout_under_pressure(const ClientRequest& request) {
  TestGateway gateway({.admission = {.capacity = 1, .brownout_wait = seconds(5)}});
  gateway.model().brownout_max_tokens = 10;
  ScriptedAnswer first = good_answer();
  first.head_takes = seconds(10);
  gateway.upstream.will_answer(first);
  const auto running = gateway.begin(chat());
  auto waiting = gateway.begin(request);
  gateway.finish(*waiting);
  return waiting->client.header("x-obleth-brownout");
}

TEST(DialectRoutes, ThinkingIsNotCutShortOfItsBudget) {
  EXPECT_EQ(brownout_under_pressure(messages()), "max_tokens=20; reason=saturation");
  EXPECT_EQ(brownout_under_pressure(messages(R"(,"thinking":{"type":"enabled","budget_tokens":19})")),
            "max_tokens=20; reason=saturation");
  EXPECT_FALSE(brownout_under_pressure(messages(R"(,"thinking":{"type":"enabled","budget_tokens":20})")));
}

}  // namespace
}  // namespace obleth::gateway
