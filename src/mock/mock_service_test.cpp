#include "mock/mock_service.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <memory>

#include "mock/fake_exchange.hpp"
#include "mock/fake_loop.hpp"

namespace obleth::mock {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;

constexpr const char* chat_path = "/v1/chat/completions";
constexpr const char* small_chat = R"({"model":"mock-model","messages":[{"role":"user","content":"eight by"}]})";
constexpr const char* small_stream =
    R"({"model":"mock-model","stream":true,"messages":[{"role":"user","content":"eight by"}]})";

struct MockServer : testing::Test {
  // Served at once as far as time allows; the exchange lives as long as the test.
  FakeExchange& send(std::string method, std::string target, std::string body = {},
                     FakeExchange::Headers headers = {}) {
    auto& exchange = *exchanges.emplace_back(
        std::make_unique<FakeExchange>(std::move(method), std::move(target), std::move(body), std::move(headers)));
    spawn(service.serve(exchange));
    return exchange;
  }
  json::value stats() { return json::parse(send("GET", "/stats").answer()); }
  std::int64_t stat(const char* name) { return stats().at(name).as_int64(); }

  std::vector<std::unique_ptr<FakeExchange>> exchanges;
  FakeLoop loop;
  MockService service{MockOptions{.models = {"mock-model", "other"}, .slots = 2}};
};

std::vector<std::string> events_of(const std::string& stream) {
  std::vector<std::string> events;
  for (std::size_t at = 0; at < stream.size();) {
    const std::size_t end = stream.find("\n\n", at);
    if (end == std::string::npos) {
      ADD_FAILURE() << "a cut event: " << stream.substr(at);
      break;
    }
    events.push_back(stream.substr(at, end - at));
    at = end + 2;
  }
  return events;
}

TEST_F(MockServer, WaitsForTheFirstTokenAndThenGivesOneEventPerToken) {
  const auto& exchange = send("POST", chat_path, small_stream, {{"x-mock-output-tokens", "3"}});
  loop.advance(milliseconds(19));
  EXPECT_FALSE(exchange.started());
  loop.advance(milliseconds(1));
  ASSERT_EQ(exchange.writes.size(), 1U);
  EXPECT_EQ(events_of(exchange.writes[0]).size(), 2U);  // the role, and the first word
  loop.advance(milliseconds(5));
  ASSERT_EQ(exchange.writes.size(), 2U);
  EXPECT_EQ(events_of(exchange.writes[1]).size(), 1U);
  EXPECT_FALSE(exchange.finished);
  loop.advance(milliseconds(5));
  EXPECT_TRUE(exchange.finished);
  EXPECT_EQ(events_of(exchange.answer()).back(), "data: [DONE]");
}

TEST_F(MockServer, CountsExactlyWhatItProduced) {
  send("POST", chat_path, small_stream, {{"x-mock-output-tokens", "7"}, {"x-mock-prompt-tokens", "11"}});
  send("POST", chat_path,
       R"({"model":"other","max_tokens":5,"n":2,"messages":[{"role":"user","content":"eight by"}]})");
  EXPECT_EQ(stat("open"), 2);
  loop.advance(milliseconds(1000));
  EXPECT_EQ(stat("requests"), 2);
  EXPECT_EQ(stat("prompt_tokens"), 11 + 5);
  EXPECT_EQ(stat("output_tokens"), 7 + 10);
  EXPECT_EQ(stat("open"), 0);
  EXPECT_EQ(stat("most_open"), 2);
  EXPECT_EQ(stat("aborted"), 0);
  EXPECT_EQ(stats().at("per_model").at("other").at("output_tokens"), 10);
  send("POST", "/reset");
  EXPECT_EQ(stat("output_tokens"), 0);
}

TEST_F(MockServer, RequestsBeyondTheSlotsWaitInTheirOrder) {
  std::vector<FakeExchange*> sent;
  for (int i = 0; i < 4; ++i)
    sent.push_back(&send("POST", chat_path, small_chat, {{"x-mock-output-tokens", "1"}}));
  const std::string metrics = send("GET", "/metrics").answer();
  EXPECT_NE(metrics.find("vllm:num_requests_running{engine=\"0\",model_name=\"mock-model\"} 2\n"), std::string::npos);
  EXPECT_NE(metrics.find("vllm:num_requests_waiting{engine=\"0\",model_name=\"mock-model\"} 2\n"), std::string::npos);
  loop.advance(milliseconds(20));
  EXPECT_TRUE(sent[0]->finished && sent[1]->finished);
  EXPECT_FALSE(sent[2]->finished || sent[3]->finished);
  loop.advance(milliseconds(20));
  EXPECT_TRUE(sent[2]->finished && sent[3]->finished);
}

TEST_F(MockServer, AClientThatLeavesTheQueueGivesItsPlaceUp) {
  std::vector<FakeExchange*> sent;
  for (int i = 0; i < 4; ++i)
    sent.push_back(&send("POST", chat_path, small_chat, {{"x-mock-output-tokens", "1"}}));
  sent[2]->departure().fire();
  EXPECT_EQ(stat("aborted"), 1);
  EXPECT_EQ(stat("open"), 3);
  loop.advance(milliseconds(40));
  EXPECT_TRUE(sent[3]->finished);
  EXPECT_FALSE(sent[2]->started());
  EXPECT_EQ(stat("output_tokens"), 3);
}

TEST_F(MockServer, AClientThatLeavesMidStreamIsCountedWithItsTokens) {
  auto& exchange = send("POST", chat_path, small_stream);
  loop.advance(milliseconds(20 + 3 * 5));
  exchange.departure().fire();
  EXPECT_EQ(stat("aborted"), 1);
  EXPECT_EQ(stat("output_tokens"), 4);
  EXPECT_EQ(stat("open"), 0);
  EXPECT_FALSE(exchange.finished);
}

TEST_F(MockServer, AClientThatLeavesAWholeAnswerIsCountedWithWhatWasGenerated) {
  auto& exchange = send("POST", chat_path, small_chat);
  loop.advance(milliseconds(20 + 12));
  exchange.departure().fire();
  EXPECT_EQ(stat("aborted"), 1);
  EXPECT_EQ(stat("output_tokens"), 3);
}

TEST_F(MockServer, AWriteThatFailsIsAnAbort) {
  auto& exchange = send("POST", chat_path, small_stream);
  exchange.broken = true;
  loop.advance(milliseconds(1000));
  EXPECT_EQ(stat("aborted"), 1);
}

TEST_F(MockServer, FailuresComeAsTheHeaderSays) {
  const auto& status = send("POST", chat_path, small_chat, {{"x-mock-fail", "status:503"}});
  EXPECT_EQ(status.status, 503);
  EXPECT_TRUE(json::parse(status.answer()).at("error").at("message").is_string());

  const auto& refuse = send("POST", chat_path, small_chat, {{"x-mock-fail", "refuse"}});
  EXPECT_TRUE(refuse.closed && !refuse.started());

  const auto& reset = send("POST", chat_path, small_chat, {{"x-mock-fail", "reset"}});
  EXPECT_TRUE(reset.aborted && !reset.started());

  auto& stall = send("POST", chat_path, small_chat, {{"x-mock-fail", "stall"}});
  loop.advance(std::chrono::hours(3));
  EXPECT_FALSE(stall.started());
  EXPECT_EQ(stat("open"), 1);
  stall.departure().fire();
  EXPECT_EQ(stat("open"), 0);
  EXPECT_EQ(stat("aborted"), 1);

  const auto& slow = send("POST", chat_path, small_chat, {{"x-mock-fail", "slow-head"}, {"x-mock-output-tokens", "1"}});
  loop.advance(milliseconds(slow_head_ms));
  EXPECT_FALSE(slow.started());
  loop.advance(milliseconds(20));
  EXPECT_TRUE(slow.finished);
}

TEST_F(MockServer, ResetAfterLetsExactlyThatManyEventsPass) {
  for (const int limit : {0, 1, 2, 5, 12}) {
    const auto& exchange =
        send("POST", chat_path, small_stream,
             {{"x-mock-fail", "reset-after:" + std::to_string(limit)}, {"x-mock-output-tokens", "9"}});
    loop.advance(milliseconds(1000));
    EXPECT_EQ(events_of(exchange.answer()).size(), static_cast<std::size_t>(limit));
    EXPECT_TRUE(exchange.aborted && exchange.started() && !exchange.finished);
  }
  const auto& longer =
      send("POST", chat_path, small_stream, {{"x-mock-fail", "reset-after:13"}, {"x-mock-output-tokens", "9"}});
  loop.advance(milliseconds(1000));
  EXPECT_TRUE(longer.finished && !longer.aborted);
}

TEST_F(MockServer, ResetAfterCutsAWholeAnswerInItsMiddle) {
  const auto& exchange = send("POST", chat_path, small_chat, {{"x-mock-fail", "reset-after:1"}});
  loop.advance(milliseconds(1000));
  EXPECT_TRUE(exchange.aborted);
  EXPECT_LT(exchange.answer().size(), exchange.content_length.value());
}

TEST_F(MockServer, NoDoneAndNoUsageLeaveJustThoseOut) {
  const std::string body = R"({"stream":true,"stream_options":{"include_usage":true},"messages":[]})";
  const auto& no_done = send("POST", chat_path, body, {{"x-mock-fail", "no-done"}});
  const auto& no_usage = send("POST", chat_path, body, {{"x-mock-fail", "no-usage"}});
  loop.advance(milliseconds(1000));
  EXPECT_EQ(no_done.answer().find("[DONE]"), std::string::npos);
  EXPECT_NE(no_done.answer().find("\"completion_tokens\":64"), std::string::npos);
  EXPECT_TRUE(no_done.finished);
  EXPECT_NE(no_usage.answer().find("[DONE]"), std::string::npos);
  EXPECT_EQ(no_usage.answer().find("usage"), std::string::npos);
}

TEST_F(MockServer, GarbageIsNeitherAHeadNorJson) {
  const auto& exchange = send("POST", chat_path, small_chat, {{"x-mock-fail", "garbage"}});
  loop.advance(milliseconds(1000));
  EXPECT_NE(exchange.head_lines.find("\x01this is no header\r\n"), std::string::npos);
  boost::json::error_code error;
  json::parse(exchange.answer(), error);
  EXPECT_TRUE(error);
}

TEST_F(MockServer, ChunkBytesSplitsTheSameBytesAnew) {
  const auto& plain = send("POST", chat_path, small_stream);
  loop.advance(milliseconds(1000));
  for (const std::size_t size : {std::size_t{1}, std::size_t{7}, std::size_t{1000}, std::size_t{65536}}) {
    const auto& split = send("POST", chat_path, small_stream, {{"x-mock-chunk-bytes", std::to_string(size)}});
    loop.advance(milliseconds(1000));
    for (std::size_t at = 0; at + 1 < split.writes.size(); ++at)
      EXPECT_EQ(split.writes[at].size(), size);
    EXPECT_LE(split.writes.back().size(), size);
    EXPECT_EQ(split.answer().size(), plain.answer().size());
    EXPECT_EQ(events_of(split.answer()).size(), events_of(plain.answer()).size());
    EXPECT_TRUE(split.finished);
  }
}

TEST_F(MockServer, UnpacedTokensLeaveTogether) {
  const auto& exchange = send("POST", chat_path, small_stream, {{"x-mock-token-ms", "0"}, {"x-mock-ttft-ms", "0"}});
  loop.advance(milliseconds(0));
  EXPECT_TRUE(exchange.finished);
  EXPECT_EQ(events_of(exchange.answer()).size(), 1U + 64 + 1 + 1);
  EXPECT_LE(exchange.writes.size(), 3U);
}

TEST_F(MockServer, ControlHoldsForEveryRequestUntilItIsCleared) {
  EXPECT_EQ(send("POST", "/control", R"({"fail":"status:429","x-mock-ttft-ms":1})").status, 200);
  EXPECT_EQ(send("POST", chat_path, small_chat).status, 429);
  EXPECT_EQ(send("POST", chat_path, small_chat, {{"x-mock-fail", "status:500"}}).status, 500);
  EXPECT_EQ(send("POST", "/control", R"({"fail":null,"output_tokens":1})").answer(),
            R"({"ttft-ms":"1","output-tokens":"1"})");
  const auto& quick = send("POST", chat_path, small_chat);
  loop.advance(milliseconds(1));
  EXPECT_TRUE(quick.finished);
  EXPECT_EQ(send("POST", "/control", R"({"fail":"sometimes"})").status, 400);
  EXPECT_EQ(send("POST", "/control", R"({"speed":1})").status, 400);
  EXPECT_EQ(send("POST", "/control", "{}").answer(), "{}");
}

TEST_F(MockServer, NonsenseIsRefusedWithTheMemberAtFault) {
  const auto param = [&](std::string body) {
    const auto& exchange = send("POST", chat_path, std::move(body));
    EXPECT_EQ(exchange.status, 400);
    return json::parse(exchange.answer()).at("error").at("param");
  };
  EXPECT_EQ(param("not json"), nullptr);
  EXPECT_EQ(param("[]"), nullptr);
  EXPECT_EQ(param("{}"), "messages");
  EXPECT_EQ(param(R"({"messages":[],"max_tokens":-1})"), "max_tokens");
  EXPECT_EQ(param(R"({"messages":[],"n":0})"), "n");
  EXPECT_EQ(param(R"({"messages":[],"model":7})"), "model");
  EXPECT_EQ(send("POST", chat_path, small_chat, {{"x-mock-ttft-ms", "soon"}}).status, 400);
  EXPECT_EQ(send("GET", chat_path).status, 404);
  EXPECT_EQ(send("POST", "/elsewhere").status, 404);
}

TEST_F(MockServer, ListsItsModels) {
  const json::value models = json::parse(send("GET", "/v1/models?limit=3").answer());
  ASSERT_EQ(models.at("data").as_array().size(), 2U);
  EXPECT_EQ(models.at("data").at(1).at("id"), "other");
  EXPECT_EQ(json::parse(send("GET", "/v1/models/other").answer()).at("object"), "model");
  EXPECT_EQ(send("GET", "/v1/models/none").status, 404);
  EXPECT_EQ(send("GET", "/health").status, 200);
}

}  // namespace
}  // namespace obleth::mock
