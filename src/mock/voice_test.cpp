// The shapes of the answers, as the SDKs' own types require them.
#include "mock/voice.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <vector>

#include "mock/embeddings_answer.hpp"
#include "mock/model_request.hpp"

namespace obleth::mock {
namespace {

namespace json = boost::json;

struct Answered {
  explicit Answered(Dialect dialect, std::string_view body, std::int64_t tokens = 3)
      : request(read_model_request(dialect, body).value()), plan(request, behaviour(tokens), {7, 1'700'000'000}) {
    request.model = "mock-model";
  }
  static Behaviour behaviour(std::int64_t tokens) {
    Behaviour behaviour;
    behaviour.output_tokens = tokens;
    return behaviour;
  }
  json::value whole() const {
    std::string out;
    voice_of(plan)->whole(out);
    return json::parse(out);
  }
  // The data of every event; "[DONE]" comes as a text.
  std::vector<json::value> events() const {
    std::string out;
    const auto voice = voice_of(plan);
    voice->open(out);
    for (std::int64_t token = 0; token < plan.tokens; ++token)
      for (std::int64_t choice = 0; choice < request.choices; ++choice)
        voice->say(out, token, choice);
    voice->close(out);
    std::vector<json::value> events;
    for (std::size_t at = out.find("data: "); at != std::string::npos; at = out.find("data: ", at + 1)) {
      const std::string text = out.substr(at + 6, out.find("\n\n", at) - at - 6);
      events.push_back(text == "[DONE]" ? json::value(text) : json::parse(text));
    }
    return events;
  }

  ModelRequest request;
  AnswerPlan plan;
};

TEST(ChatAnswer, HasEveryMemberThatTheSchemaRequires) {
  const Answered answered(Dialect::chat, R"({"model":"m","messages":[{"role":"user","content":"eight by"}]})");
  const json::value whole = answered.whole();
  for (const char* member : {"id", "object", "created", "model", "choices", "usage"})
    EXPECT_TRUE(whole.as_object().contains(member)) << member;
  const json::value& choice = whole.at("choices").at(0);
  EXPECT_EQ(choice.at("finish_reason"), "stop");
  EXPECT_EQ(choice.at("logprobs"), nullptr);
  EXPECT_EQ(choice.at("message").at("refusal"), nullptr);
  EXPECT_EQ(choice.at("message").at("content"), "the quick river");
  EXPECT_EQ(whole.at("usage").at("prompt_tokens"), 5);
  EXPECT_EQ(whole.at("usage").at("total_tokens"), 8);
}

TEST(ChatAnswer, AStreamSaysTheSameWordsAndUsageOnlyWhenAsked) {
  const Answered plain(Dialect::chat, R"({"stream":true,"messages":[]})");
  std::string text;
  for (const json::value& event : plain.events()) {
    if (event.is_string()) continue;
    EXPECT_FALSE(event.as_object().contains("usage"));
    const json::object& delta = event.at("choices").at(0).at("delta").as_object();
    if (const json::value* content = delta.if_contains("content")) text += content->as_string().c_str();
  }
  EXPECT_EQ(text, "the quick river");

  const Answered asked(Dialect::chat, R"({"stream":true,"stream_options":{"include_usage":true},"messages":[]})");
  const auto events = asked.events();
  ASSERT_EQ(events.size(), 1U + 3 + 1 + 1 + 1);
  EXPECT_EQ(events[0].at("choices").at(0).at("delta").at("role"), "assistant");
  EXPECT_EQ(events[1].at("usage"), nullptr);
  EXPECT_EQ(events[4].at("choices").at(0).at("finish_reason"), "stop");
  EXPECT_TRUE(events[5].at("choices").as_array().empty());
  EXPECT_EQ(events[5].at("usage").at("completion_tokens"), 3);
  EXPECT_EQ(events[6], "[DONE]");
}

TEST(ChatAnswer, CapsAreHonouredUnderEachOfTheirNames) {
  for (const char* cap : {"max_tokens", "max_completion_tokens"}) {
    const Answered cut(Dialect::chat, R"({"messages":[],")" + std::string(cap) + R"(":2})");
    EXPECT_EQ(cut.whole().at("choices").at(0).at("finish_reason"), "length");
    EXPECT_EQ(cut.whole().at("usage").at("completion_tokens"), 2);
  }
  const Answered roomy(Dialect::chat, R"({"messages":[],"max_tokens":4})");
  EXPECT_EQ(roomy.whole().at("choices").at(0).at("finish_reason"), "stop");
  const Answered forced(Dialect::chat, R"({"messages":[],"max_tokens":40,"ignore_eos":true})");
  EXPECT_EQ(forced.plan.tokens, 40);
  const Answered least(Dialect::chat, R"({"messages":[],"min_tokens":10})");
  EXPECT_EQ(least.plan.tokens, 10);
}

TEST(ChatAnswer, ChoicesAreNumberedAndCountedTogether) {
  const Answered answered(Dialect::chat, R"({"messages":[],"n":3})");
  EXPECT_EQ(answered.whole().at("choices").as_array().size(), 3U);
  EXPECT_EQ(answered.whole().at("choices").at(2).at("index"), 2);
  EXPECT_EQ(answered.whole().at("usage").at("completion_tokens"), 9);
  EXPECT_EQ(answered.events().size(), 3U + 9 + 3 + 1);
}

constexpr const char* tools = R"("tools":[{"type":"function","function":{"name":"other"}},
  {"type":"function","function":{"name":"weather","parameters":{"type":"object","properties":{
    "city":{"type":"string"},"days":{"type":"integer","minimum":2},"unit":{"enum":["c","f"]},
    "tags":{"type":"array","items":{"type":"string"}},"at":{"$ref":"#/$defs/At"}},
    "$defs":{"At":{"type":"object","properties":{"x":{"type":"number"}}}},"required":["city"]}}}])";
constexpr const char* weather_arguments = R"({"city":"word","days":2,"unit":"c","tags":["word"],"at":{"x":1E0}})";

TEST(ChatAnswer, AForcedToolIsCalledWithArgumentsOfItsSchema) {
  const Answered answered(
      Dialect::chat,
      R"({"messages":[],"tool_choice":{"type":"function","function":{"name":"weather"}},)" + std::string(tools) + "}");
  const json::value choice = answered.whole().at("choices").at(0);
  EXPECT_EQ(choice.at("finish_reason"), "tool_calls");
  EXPECT_EQ(choice.at("message").at("content"), nullptr);
  const json::value& function = choice.at("message").at("tool_calls").at(0).at("function");
  EXPECT_EQ(function.at("name"), "weather");
  EXPECT_EQ(function.at("arguments"), weather_arguments);
}

TEST(ChatAnswer, AStreamedToolCallAddsUpToTheSameArguments) {
  const Answered answered(
      Dialect::chat,
      R"({"stream":true,"messages":[],"tool_choice":{"type":"function","function":{"name":"weather"}},)" +
          std::string(tools) + "}");
  std::string arguments;
  for (const json::value& event : answered.events()) {
    if (event.is_string()) continue;
    const json::object& delta = event.at("choices").at(0).at("delta").as_object();
    if (const json::value* calls = delta.if_contains("tool_calls"))
      arguments += calls->at(0).at("function").at("arguments").as_string().c_str();
  }
  EXPECT_EQ(arguments, weather_arguments);
}

TEST(ChatAnswer, RequiredTakesTheFirstToolAndAutoNone) {
  const Answered required(Dialect::chat, R"({"messages":[],"tool_choice":"required",)" + std::string(tools) + "}");
  EXPECT_EQ(required.request.call->name, "other");
  EXPECT_EQ(required.request.call->arguments, "{}");
  const Answered automatic(Dialect::chat, R"({"messages":[],"tool_choice":"auto",)" + std::string(tools) + "}");
  EXPECT_FALSE(automatic.request.call);
}

TEST(ChatAnswer, StructuredOutputIsJsonOfItsSchema) {
  const Answered answered(Dialect::chat, R"({"messages":[],"response_format":{"type":"json_schema","json_schema":{
    "name":"n","schema":{"type":"object","properties":{"näme":{"const":"ü\"x"},"ok":{"type":["boolean","null"]}}}}}})");
  const auto content = answered.whole().at("choices").at(0).at("message").at("content");
  EXPECT_EQ(json::parse(content.as_string()), json::parse(R"({"näme":"ü\"x","ok":true})"));
}

TEST(SchemaSample, RecursiveSchemasEnd) {
  const Answered answered(Dialect::chat,
                          R"({"messages":[],"response_format":{"type":"json_schema","json_schema":{"schema":{
    "type":"object","properties":{"self":{"$ref":"#"},"list":{"type":"array","items":{"$ref":"#"}}},"required":["self","list"]}}}})");
  EXPECT_TRUE(answered.request.forced_text->starts_with("{\"self\":{"));
}

TEST(CompletionsAnswer, AnswersEveryPromptOfTheList) {
  const Answered answered(Dialect::completions, R"({"prompt":["one","two"],"n":2})");
  const json::value whole = answered.whole();
  EXPECT_EQ(whole.at("object"), "text_completion");
  ASSERT_EQ(whole.at("choices").as_array().size(), 4U);
  EXPECT_EQ(whole.at("choices").at(3).at("text"), "the quick river");
  EXPECT_EQ(whole.at("choices").at(3).at("logprobs"), nullptr);
  EXPECT_EQ(answered.events().size(), 12U + 4 + 1);
  EXPECT_EQ(Answered(Dialect::completions, R"({"prompt":[1,2,3]})").plan.prompt_tokens, 3);
  EXPECT_EQ(Answered(Dialect::completions, R"({"prompt":[[1,2],[3]]})").request.choices, 2);
}

TEST(ResponsesAnswer, IsOneMessageWithUsage) {
  const Answered answered(Dialect::responses, R"({"input":"eight by","max_output_tokens":2})");
  const json::value whole = answered.whole();
  EXPECT_EQ(whole.at("object"), "response");
  EXPECT_EQ(whole.at("status"), "incomplete");
  EXPECT_EQ(whole.at("incomplete_details").at("reason"), "max_output_tokens");
  EXPECT_EQ(whole.at("output").at(0).at("content").at(0).at("text"), "the quick");
  EXPECT_EQ(whole.at("usage").at("output_tokens"), 2);
}

TEST(ResponsesAnswer, EventsAreNumberedAndEndWithTheWholeResponse) {
  const Answered answered(Dialect::responses, R"({"input":"eight by","stream":true})");
  const auto events = answered.events();
  ASSERT_EQ(events.size(), 4U + 3 + 4);
  for (std::size_t at = 0; at < events.size(); ++at)
    EXPECT_EQ(events[at].at("sequence_number"), at);
  EXPECT_EQ(events.front().at("type"), "response.created");
  EXPECT_EQ(events.back().at("type"), "response.completed");
  EXPECT_EQ(events.back().at("response"), answered.whole());
}

TEST(ResponsesAnswer, CallsAForcedFunction) {
  const Answered answered(Dialect::responses, R"({"input":"x","stream":true,"tool_choice":"required",
    "tools":[{"type":"function","name":"f","parameters":{"type":"object","properties":{"a":{"type":"integer"}}}}]})");
  const json::value item = answered.whole().at("output").at(0);
  EXPECT_EQ(item.at("type"), "function_call");
  EXPECT_EQ(item.at("arguments"), R"({"a":1})");
  EXPECT_EQ(answered.events().back().at("response").at("output").at(0), item);
}

TEST(MessagesAnswer, HasTheShapesOfAnthropic) {
  const Answered answered(Dialect::messages, R"({"max_tokens":10,"messages":[{"role":"user","content":"eight by"}]})");
  const json::value whole = answered.whole();
  EXPECT_EQ(whole.at("type"), "message");
  EXPECT_EQ(whole.at("stop_reason"), "end_turn");
  EXPECT_EQ(whole.at("content").at(0).at("text"), "the quick river");
  EXPECT_EQ(whole.at("usage").at("input_tokens"), 5);
  const auto events = answered.events();
  ASSERT_EQ(events.size(), 3U + 3 + 3);
  EXPECT_EQ(events[0].at("type"), "message_start");
  EXPECT_EQ(events[3].at("delta").at("text"), "the");
  EXPECT_EQ(events[7].at("usage").at("output_tokens"), 3);
  EXPECT_EQ(events[8].at("type"), "message_stop");
}

TEST(MessagesAnswer, UsesAForcedTool) {
  const Answered answered(Dialect::messages, R"({"max_tokens":99,"messages":[],"tool_choice":{"type":"any"},
    "tools":[{"name":"f","input_schema":{"type":"object","properties":{"a":{"type":"integer"}}}}]})");
  const json::value block = answered.whole().at("content").at(0);
  EXPECT_EQ(block.at("type"), "tool_use");
  EXPECT_EQ(block.at("input").at("a"), 1);
  EXPECT_EQ(answered.whole().at("stop_reason"), "tool_use");
}

TEST(EmbeddingsAnswer, FloatsAndBase64HoldTheSameVector) {
  const Answered floats(Dialect::embeddings, R"({"input":["a","b"],"dimensions":5})");
  const json::value numbers = json::parse(embeddings_answer(floats.plan));
  ASSERT_EQ(numbers.at("data").as_array().size(), 2U);
  EXPECT_EQ(numbers.at("data").at(1).at("embedding").as_array().size(), 5U);
  EXPECT_NE(numbers.at("data").at(0).at("embedding"), numbers.at("data").at(1).at("embedding"));
  EXPECT_EQ(numbers.at("usage").at("prompt_tokens"), 1);

  const Answered coded(Dialect::embeddings, R"({"input":"b","dimensions":5,"encoding_format":"base64"})");
  const json::value text = json::parse(embeddings_answer(coded.plan)).at("data").at(0).at("embedding");
  const std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned gathered = 0;
  int bits = 0;
  for (const char c : text.as_string()) {
    if (c == '=') break;
    gathered = (gathered << 6U) | static_cast<unsigned>(alphabet.find(c));
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes.push_back(static_cast<char>(gathered >> static_cast<unsigned>(bits)));
    }
  }
  EXPECT_EQ(text.as_string().size() % 4, 0U);
  ASSERT_EQ(bytes.size(), 5 * sizeof(float));
  for (std::size_t at = 0; at < 5; ++at) {
    float part = 0;
    std::memcpy(&part, bytes.data() + at * sizeof part, sizeof part);
    EXPECT_FLOAT_EQ(part, numbers.at("data").at(1).at("embedding").at(at).to_number<float>());
  }
}

}  // namespace
}  // namespace obleth::mock
