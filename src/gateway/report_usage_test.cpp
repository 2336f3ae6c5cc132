// The ledger's row: one for every request whose key is known, kept before its answer ends.
#include <gtest/gtest.h>

#include "gateway/gateway_fixture.hpp"

namespace obleth::gateway {
namespace {

const std::string completion =
    R"({"choices":[{"message":{"content":"hi"}}],"usage":{"prompt_tokens":3,"completion_tokens":5}})";

TEST(ReportUsage, AnAnsweredRequestHasOneRowWithWhatItTook) {
  TestGateway gateway;
  gateway.upstream.will_answer(json_answer(200, completion));
  EXPECT_EQ(gateway.ask(chat()).client.status, 200);
  ASSERT_EQ(gateway.journal.rows.size(), 1U);
  const UsageRecord& row = gateway.journal.rows[0];
  EXPECT_EQ(row.status, 200);
  EXPECT_EQ(row.tokens.prompt.value, 3);
  EXPECT_EQ(row.tokens.output.value, 5);
  EXPECT_EQ(row.key_id, gateway.who().key.id);
  EXPECT_EQ(row.tenant_id, gateway.who().tenant.id);
  EXPECT_EQ(row.route, "/v1/chat/completions");
}

TEST(ReportUsage, ARefusalHasARowThatSaysWhy) {
  TestGateway gateway;
  EXPECT_EQ(gateway.ask(post("/v1/chat/completions", R"({"model":"unheard-of","messages":[]})")).client.status, 404);
  ASSERT_EQ(gateway.journal.rows.size(), 1U);
  EXPECT_EQ(gateway.journal.rows[0].status, 404);
  EXPECT_EQ(gateway.journal.rows[0].admission, AdmissionOutcome::refused);
  EXPECT_EQ(gateway.journal.rows[0].error_code, "model_not_found");
}

TEST(ReportUsage, ADisabledKeyIsStillKnownAndHasItsRow) {
  TestGateway gateway;
  gateway.who().key.disabled = true;
  EXPECT_EQ(gateway.ask(chat()).client.status, 403);
  ASSERT_EQ(gateway.journal.rows.size(), 1U);
  EXPECT_EQ(gateway.journal.rows[0].error_code, "key_disabled");
}

TEST(ReportUsage, WhoeverIsNotKnownHasNoRow) {
  TestGateway gateway;
  EXPECT_EQ(gateway.ask(chat().without_key()).client.status, 401);
  EXPECT_EQ(gateway.ask(chat().with_key("sk_" + std::string(48, 'z'))).client.status, 401);
  EXPECT_EQ(gateway.ask(get("/health")).client.status, 200);
  EXPECT_TRUE(gateway.journal.rows.empty());
}

TEST(ReportUsage, AHeadThatTheListenerRefusedIsCountedAndHasNoRow) {
  TestGateway gateway;
  gateway.path().note_refused(
      {.id = {1, 2}, .status = 431, .error = "request_too_large", .reason = {}, .client_address = {}});
  EXPECT_EQ(
      gateway.metric(R"(obleth_requests_total{model="none",route="none",status_class="4xx",admission="refused"})"),
      "1");
  EXPECT_TRUE(gateway.journal.rows.empty());
}

TEST(ReportUsage, ModelListsAndWhatPassesThroughHaveRowsToo) {
  TestGateway gateway;
  EXPECT_EQ(gateway.ask(get("/v1/models")).client.status, 200);
  gateway.serve_everything_else_at("http://127.0.0.1:9");
  gateway.upstream.will_answer(json_answer(200, "{}"));
  EXPECT_EQ(gateway.ask(post("/v1/files", "x")).client.status, 200);
  ASSERT_EQ(gateway.journal.rows.size(), 2U);
  EXPECT_EQ(gateway.journal.rows[0].route, "/v1/models");
  EXPECT_EQ(gateway.journal.rows[1].status, 200);
}

// A plain answer, a refusal: nothing leaves before the row is kept.
TEST(ReportUsage, AnAnswerInOnePieceWaitsForItsRow) {
  TestGateway gateway;
  gateway.journal.takes = milliseconds(50);
  gateway.upstream.will_answer(json_answer(200, completion));
  for (const ClientRequest& request : {chat(), post("/v1/chat/completions", "{}"), get("/v1/models")}) {
    const std::size_t kept_before = gateway.journal.kept;
    auto conversation = gateway.prepare(request);
    std::size_t kept_at_start = 0;
    conversation->client.on_start = [&] { kept_at_start = gateway.journal.kept; };
    gateway.start(*conversation);
    gateway.finish(*conversation);
    EXPECT_TRUE(conversation->client.finished);
    EXPECT_EQ(kept_at_start, kept_before + 1) << request.target;
  }
}

TEST(ReportUsage, AStreamFlowsAndItsEndWaitsForTheRow) {
  TestGateway gateway;
  gateway.journal.takes = milliseconds(50);
  gateway.upstream.will_answer(stream_answer({token_event("a"), done_event}));
  auto conversation = gateway.prepare(chat_stream());
  std::size_t kept_at_start = 7;
  std::size_t kept_at_end = 7;
  conversation->client.on_start = [&] { kept_at_start = gateway.journal.kept; };
  conversation->client.on_finish = [&] { kept_at_end = gateway.journal.kept; };
  gateway.start(*conversation);
  gateway.finish(*conversation);
  EXPECT_EQ(kept_at_start, 0U);
  EXPECT_EQ(kept_at_end, 1U);
}

TEST(ReportUsage, AClientThatLeavesHasItsRow) {
  TestGateway gateway({.admission = {.capacity = 1}});
  gateway.upstream.will_answer(stream_answer({token_event("a"), done_event}));
  auto conversation = gateway.prepare(chat_stream());
  conversation->client.leave();
  gateway.start(*conversation);
  gateway.finish(*conversation);
  ASSERT_EQ(gateway.journal.rows.size(), 1U);
  EXPECT_EQ(gateway.journal.rows[0].status, 499);
}

}  // namespace
}  // namespace obleth::gateway
