#include "gateway/recall_response.hpp"

#include <gtest/gtest.h>

#include "gateway/gateway_fixture.hpp"

namespace obleth::gateway {
namespace {

// A gateway whose one model has a cache.
class RecallResponse : public ::testing::Test {
 protected:
  RecallResponse() { gateway.model().cache_enabled = true; }

  // "hit", "miss" or "".
  std::string outcome_of(const ClientRequest& request) {
    return gateway.ask(request).client.header("x-obleth-cache").value_or("");
  }
  std::size_t sent() const { return gateway.upstream.requests.size(); }

  TestGateway gateway;
};

TEST_F(RecallResponse, TheSameQuestionIsAnsweredOnceMoreWithoutTheUpstream) {
  ScriptedAnswer answer = good_answer();
  answer.headers.emplace_back("x-served-by", "gpu-7");
  gateway.upstream.will_answer(answer);
  const auto first = gateway.ask(chat());
  EXPECT_EQ(first.client.header("x-obleth-cache"), "miss");
  EXPECT_EQ(first.client.header("age"), std::nullopt);
  const auto again = gateway.ask(chat());
  EXPECT_EQ(again.client.status, 200);
  EXPECT_EQ(again.client.header("x-obleth-cache"), "hit");
  EXPECT_EQ(again.client.header("age"), "0");
  EXPECT_EQ(again.client.body(), first.client.body());
  EXPECT_EQ(again.client.content_length, first.client.content_length);
  EXPECT_EQ(again.client.header("content-type"), "application/json");
  EXPECT_EQ(again.client.header("x-served-by"), "gpu-7");
  EXPECT_TRUE(again.client.finished);
  EXPECT_EQ(sent(), 1U);
}

TEST_F(RecallResponse, AHitTakesNoTurnNoBudgetAndCostsNothing) {
  gateway.ask(chat());
  const auto hit = gateway.ask(chat());
  EXPECT_EQ(gateway.ledger.reserves.size(), 1U);
  const UsageRecord& row = gateway.journal.rows.back();
  EXPECT_EQ(row.cache, CacheOutcome::hit);
  EXPECT_EQ(row.cost, NanoUsd{});
  EXPECT_EQ(row.tokens, TokenUsage{});
  EXPECT_EQ(row.tokens_saved, 30);
  EXPECT_EQ(row.fairshare_cost.value, 0);
  EXPECT_EQ(row.status, 200);
  EXPECT_EQ(row.model, "m");
  EXPECT_EQ(gateway.journal.rows.front().cache, CacheOutcome::miss);
  EXPECT_EQ(gateway.journal.rows.front().tokens_saved, 0);
  EXPECT_EQ(hit.row.text("cache"), "hit");
  EXPECT_EQ(gateway.metric(R"(obleth_cache_lookups_total{model="m",result="hit"})"), "1");
  EXPECT_EQ(gateway.metric(R"(obleth_cache_lookups_total{model="m",result="miss"})"), "1");
  EXPECT_EQ(gateway.metric(R"(obleth_cache_tokens_saved_total{model="m",result="hit"})"), "30");
  EXPECT_EQ(gateway.metric(R"(obleth_tokens_total{model="m",type="input"})"), "10");
  EXPECT_TRUE(gateway.holds_nothing());
}

TEST_F(RecallResponse, AHitIsServedWhileEverySlotIsTakenAndTheBudgetIsSpent) {
  gateway.ask(chat());
  gateway.ledger.refusal = ports::ReserveRefusal{.by = ports::RefusedBy::budget, .account = "key"};
  EXPECT_EQ(outcome_of(chat()), "hit");
  const auto refused = gateway.ask(chat(R"(,"temperature":1)"));
  EXPECT_EQ(refused.client.status, 429);
  EXPECT_EQ(refused.client.header("x-obleth-cache"), "miss");
}

TEST_F(RecallResponse, AModelWithoutACacheSaysNothingOfOne) {
  gateway.model().cache_enabled = false;
  EXPECT_EQ(outcome_of(chat()), "");
  EXPECT_EQ(outcome_of(chat()), "");
  EXPECT_EQ(sent(), 2U);
  EXPECT_EQ(gateway.journal.rows.back().cache, CacheOutcome::off);
  EXPECT_EQ(gateway.metric(R"(obleth_cache_lookups_total{model="m",result="miss"})"), "");
}

TEST_F(RecallResponse, IdsAreEachRequestsOwn) {
  ScriptedAnswer answer = good_answer();
  for (const char* name : {"Date", "x-request-id", "x-ratelimit-limit-tokens", "Server-Timing", "openai-processing-ms",
                           "anthropic-ratelimit-requests-remaining", "Age"})
    answer.headers.emplace_back(name, "of-the-first");
  gateway.upstream.will_answer(answer);
  gateway.ask(chat().with("x-request-id", "mine-1"));
  const auto hit = gateway.ask(chat().with("x-request-id", "mine-2"));
  EXPECT_EQ(hit.client.header("x-request-id"), "mine-2");
  EXPECT_EQ(hit.client.header("x-obleth-request-id"), hit.conversation->id.hex());
  EXPECT_EQ(hit.client.header("x-obleth-admission"), "fast");
  EXPECT_EQ(hit.client.header("age"), "0");
  EXPECT_EQ(hit.client.head_lines.find("of-the-first"), std::string::npos) << hit.client.head_lines;
}

TEST_F(RecallResponse, AnyOtherByteIsAnotherQuestion) {
  gateway.ask(chat());
  EXPECT_EQ(outcome_of(chat(" ")), "miss");
  EXPECT_EQ(outcome_of(chat(R"(,"seed":1)")), "miss");
  EXPECT_EQ(outcome_of(chat_stream()), "miss");
  ClientRequest elsewhere = chat();
  elsewhere.target = "/v1/chat/completions?api-version=2";
  EXPECT_EQ(outcome_of(elsewhere), "miss");
  EXPECT_EQ(outcome_of(chat().with("anthropic-beta", "context-1m")), "miss");
  EXPECT_EQ(outcome_of(chat().with("x-stainless-retry-count", "1")), "hit");
}

TEST_F(RecallResponse, AnAliasAsksTheSame) {
  gateway.model().aliases = {"also-m"};
  gateway.ask(chat());
  ClientRequest by_alias = chat();
  by_alias.body.replace(by_alias.body.find("\"m\""), 3, "\"also-m\"");
  EXPECT_EQ(outcome_of(by_alias), "hit");
}

TEST_F(RecallResponse, TenantsNeverShare) {
  ResolvedKey other = some_key();
  other.tenant.id = TenantId{{2, 3}};
  other.key = {.id = KeyId{{3, 4}}, .tenant = other.tenant.id};
  const std::string secret = "sk_" + std::string(48, 'b');
  gateway.keys.known[secret] = other;
  gateway.ask(chat());
  EXPECT_EQ(outcome_of(chat().with_key(secret)), "miss");
  EXPECT_EQ(outcome_of(chat().with_key(secret)), "hit");
  // A second key of the tenant is the tenant.
  ResolvedKey second = some_key();
  second.key.id = KeyId{{3, 5}};
  const std::string second_secret = "sk_" + std::string(48, 'c');
  gateway.keys.known[second_secret] = second;
  EXPECT_EQ(outcome_of(chat().with_key(second_secret)), "hit");
}

TEST_F(RecallResponse, AModelThatWasChangedIsAskedAgain) {
  gateway.ask(chat());
  gateway.model().updated_at = {1};
  EXPECT_EQ(outcome_of(chat()), "miss");
  EXPECT_EQ(outcome_of(chat()), "hit");
}

TEST_F(RecallResponse, WhoMayNotAskIsNotAnswered) {
  gateway.ask(chat());
  gateway.model().enabled = false;
  EXPECT_EQ(gateway.ask(chat()).client.status, 404);
  gateway.model().enabled = true;
  gateway.who().tenant.status = TenantStatus::suspended;
  EXPECT_EQ(gateway.ask(chat()).client.status, 403);
}

TEST_F(RecallResponse, NoStoreNeitherReadsNorKeeps) {
  EXPECT_EQ(outcome_of(chat().with("Cache-Control", "No-Store")), "miss");
  EXPECT_EQ(outcome_of(chat()), "miss") << "nothing was kept";
  EXPECT_EQ(outcome_of(chat().with("Cache-Control", "max-age=0, no-store")), "miss") << "nothing was read";
  EXPECT_EQ(outcome_of(chat()), "hit");
}

TEST_F(RecallResponse, NoCacheGetsAFreshAnswerWhichIsKept) {
  gateway.upstream.will_answer(json_answer(200, R"({"was":"old"})"));
  gateway.upstream.will_answer(json_answer(200, R"({"was":"fresh"})"));
  gateway.ask(chat());
  EXPECT_EQ(gateway.ask(chat().with("Cache-Control", "no-cache")).client.body(), R"({"was":"fresh"})");
  EXPECT_EQ(gateway.ask(chat()).client.body(), R"({"was":"fresh"})");
  EXPECT_EQ(sent(), 2U);
}

TEST_F(RecallResponse, AnAnswerExpires) {
  gateway.model().cache_ttl_secs = 60;
  gateway.ask(chat());
  gateway.loop.advance(milliseconds(59'400));
  const auto hit = gateway.ask(chat());
  EXPECT_EQ(hit.client.header("x-obleth-cache"), "hit");
  EXPECT_EQ(hit.client.header("age"), "59");
  gateway.loop.advance(milliseconds(600));
  EXPECT_EQ(outcome_of(chat()), "miss") << "a hit makes it no younger";
}

TEST_F(RecallResponse, AStreamComesAgainAsAStream) {
  gateway.upstream.will_answer(stream_answer({token_event("a"), token_event("b"), usage_event, done_event}));
  const auto first = gateway.ask(chat_stream());
  const auto hit = gateway.ask(chat_stream());
  EXPECT_EQ(hit.client.header("x-obleth-cache"), "hit");
  EXPECT_EQ(hit.client.body(), token_event("a") + token_event("b") + done_event) << "as the first client saw it";
  EXPECT_EQ(hit.client.body(), first.client.body());
  EXPECT_FALSE(hit.client.content_length);
  for (const char* name : {"content-type", "cache-control", "x-accel-buffering"})
    EXPECT_EQ(hit.client.header(name), first.client.header(name)) << name;
  EXPECT_TRUE(hit.client.finished);
  EXPECT_EQ(gateway.journal.rows.back().tokens_saved, 30);
  EXPECT_TRUE(gateway.journal.rows.back().stream);
}

TEST_F(RecallResponse, WhoAskedForUsageGetsItFromTheCacheToo) {
  const ClientRequest with_usage = chat_stream(R"(,"stream_options":{"include_usage":true})");
  gateway.upstream.will_answer(stream_answer({token_event("a"), usage_event, done_event}));
  gateway.ask(with_usage);
  EXPECT_EQ(gateway.ask(with_usage).client.body(), token_event("a") + usage_event + done_event);
}

TEST_F(RecallResponse, AStreamWithoutItsOwnEndIsNotKept) {
  gateway.upstream.will_answer(stream_answer({token_event("a")}));
  gateway.ask(chat_stream());
  ScriptedAnswer cut = stream_answer({token_event("a")});
  cut.cut = upstream_fault(FaultKind::broken, "reset", true);
  gateway.upstream.will_answer(cut);
  EXPECT_EQ(outcome_of(chat_stream()), "miss") << "the one before was not kept";
  gateway.upstream.will_answer(stream_answer({token_event("a"), done_event}));
  EXPECT_EQ(outcome_of(chat_stream()), "miss") << "the one before was not kept";
  EXPECT_EQ(outcome_of(chat_stream()), "hit");
}

TEST_F(RecallResponse, AStreamThatItsClientLeftIsNotKept) {
  ScriptedAnswer stream = stream_answer({token_event("a"), token_event("b"), done_event});
  stream.piece_takes = seconds(1);
  gateway.upstream.will_answer(stream);
  const auto leaving = gateway.begin(chat_stream());
  gateway.loop.advance(milliseconds(1500));
  leaving->client.leave();
  gateway.finish(*leaving);
  gateway.upstream.will_answer(stream_answer({done_event}));
  EXPECT_EQ(outcome_of(chat_stream()), "miss");
  EXPECT_EQ(gateway.captures.held_bytes(), 0U);
}

TEST_F(RecallResponse, OnlySuccessIsKept) {
  for (const int status : {201, 400, 404, 429, 500}) {
    gateway.upstream.will_answer(json_answer(status, "{}"));
    gateway.ask(chat());
    EXPECT_EQ(gateway.responses.size(), 0U) << status;
  }
}

TEST_F(RecallResponse, AnAnswerThatTellsOfItsFailureIsNotKept) {
  gateway.upstream.will_answer(json_answer(200, R"({"id":"x","error":{"message":"out of memory"}})"));
  gateway.ask(chat());
  gateway.upstream.will_answer(stream_answer(
      {token_event("a"), "data: {\"error\":{\"message\":\"out of memory\",\"code\":500}}\n\n", done_event}));
  gateway.ask(chat_stream());
  EXPECT_EQ(gateway.responses.size(), 0U);
  EXPECT_EQ(gateway.captures.held_bytes(), 0U);
  gateway.upstream.will_answer(json_answer(200, R"({"error":null,"choices":[]})"));
  gateway.ask(chat());
  EXPECT_EQ(gateway.responses.size(), 1U);
}

TEST_F(RecallResponse, WhatIsOneClientsAloneIsNotKept) {
  ScriptedAnswer answer = good_answer();
  answer.headers.emplace_back("Set-Cookie", "session=1");
  gateway.upstream.will_answer(answer);
  gateway.ask(chat());
  answer = good_answer();
  answer.headers.emplace_back("Content-Encoding", "gzip");
  gateway.upstream.will_answer(answer);
  gateway.ask(chat());
  EXPECT_EQ(gateway.responses.size(), 0U);
}

TEST_F(RecallResponse, AShorterAnswerThanAskedForIsNotKept) {
  gateway.ledger.granted = {.output_cap = 10, .softened_by = ports::SoftenedBy::quota};
  const auto softened = gateway.ask(chat());
  EXPECT_EQ(softened.client.header("x-obleth-admission"), "brownout");
  EXPECT_EQ(softened.client.header("x-obleth-cache"), "miss");
  EXPECT_EQ(gateway.responses.size(), 0U);
  EXPECT_EQ(gateway.captures.held_bytes(), 0U);
}

TEST_F(RecallResponse, ALongAnswerStreamsThroughAndIsNotKept) {
  const std::string half(ports::kept_body_bytes_max / 2, 'x');
  for (const std::size_t more : {0U, 1U}) {
    ScriptedAnswer answer = json_answer(200, half);
    answer.pieces.push_back(half + std::string(more, 'y'));
    gateway.upstream.will_answer(answer);
    const auto asked = gateway.ask(chat(std::string(more, ' ')));
    EXPECT_EQ(asked.client.body().size(), 2 * half.size() + more);
    EXPECT_EQ(gateway.responses.size(), 1U) << "the one that is not too long";
  }
}

TEST(RecallResponseBounds, WhereThePoolIsFullAnswersPassAndAreNotKept) {
  TestGateway gateway({.capture_bytes = 8 * 100});  // a tenant's part is 100 bytes
  gateway.model().cache_enabled = true;
  gateway.upstream.will_answer(json_answer(200, std::string(101, 'x')));
  EXPECT_EQ(gateway.ask(chat()).client.body(), std::string(101, 'x'));
  EXPECT_EQ(gateway.responses.size(), 0U);
  gateway.upstream.will_answer(json_answer(200, std::string(100, 'x')));
  gateway.ask(chat());
  EXPECT_EQ(gateway.responses.size(), 1U);
  EXPECT_TRUE(gateway.holds_nothing());
}

TEST_F(RecallResponse, SeveralThatAskAtOnceAllMissAndTheLastIsKept) {
  ScriptedAnswer slow = good_answer();
  slow.head_takes = seconds(1);
  gateway.upstream.always_answers(slow);
  const auto first = gateway.begin(chat());
  const auto second = gateway.begin(chat());
  gateway.finish(*first);
  gateway.finish(*second);
  EXPECT_EQ(second->client.header("x-obleth-cache"), "miss");
  EXPECT_EQ(gateway.responses.size(), 1U);
  EXPECT_EQ(outcome_of(chat()), "hit");
}

TEST_F(RecallResponse, EveryPricedRouteWithAWholeBodyIsRemembered) {
  const std::string embeddings = R"({"model":"m","input":["a"]})";
  gateway.upstream.will_answer(json_answer(200, R"({"data":[],"usage":{"prompt_tokens":7,"total_tokens":7}})"));
  gateway.ask(post("/v1/embeddings", embeddings));
  EXPECT_EQ(outcome_of(post("/v1/embeddings", embeddings)), "hit");
  EXPECT_EQ(gateway.journal.rows.back().tokens_saved, 7);

  const std::string message =
      R"({"model":"m","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"a"}]})";
  const std::string events = "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
  gateway.upstream.will_answer(stream_answer({events}));
  gateway.ask(post("/v1/messages", message));
  const auto hit = gateway.ask(post("/v1/messages", message));
  EXPECT_EQ(hit.client.header("x-obleth-cache"), "hit");
  EXPECT_EQ(hit.client.body(), events);
}

}  // namespace
}  // namespace obleth::gateway
