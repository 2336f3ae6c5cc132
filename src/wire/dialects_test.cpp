#include "wire/dialects.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <variant>
#include <vector>

#include "wire/request_body.hpp"
#include "wire/sse_scanner.hpp"
#include "wire/usage_extract.hpp"

namespace obleth::wire {
namespace {

RequestFields fields_of(std::string_view body, Dialect dialect) {
  BodyOutcome outcome = read_request_body(body, dialect);
  EXPECT_TRUE(std::holds_alternative<RequestFields>(outcome)) << body;
  return std::holds_alternative<RequestFields>(outcome) ? std::get<RequestFields>(std::move(outcome)) : RequestFields{};
}

std::string refusal_of(std::string_view body, Dialect dialect) {
  const BodyOutcome outcome = read_request_body(body, dialect);
  return std::holds_alternative<BodyFault>(outcome) ? std::get<BodyFault>(outcome).param : "accepted";
}

std::string with_cap(std::string_view body, Dialect dialect, std::int64_t cap) {
  const RequestFields fields = fields_of(body, dialect);
  const BodyPatch patch{.output_cap = cap, .cap_name = rules_of(dialect).cap_name};
  return PatchedBody(body, fields, patch).joined();
}

TEST(Dialects, MessagesAnswerInAnthropicsShape) {
  EXPECT_EQ(errors_at("/v1/messages"), ErrorDialect::anthropic);
  EXPECT_EQ(errors_at("/v1/messages/count_tokens"), ErrorDialect::anthropic);
  EXPECT_EQ(errors_at("/v1/messages/batches"), ErrorDialect::openai);
  EXPECT_EQ(errors_at("/v1/chat/completions"), ErrorDialect::openai);
  EXPECT_EQ(errors_at("/v1/audio/*"), ErrorDialect::openai);
}

TEST(Dialects, ACapIsWrittenIntoItsOwnField) {
  EXPECT_EQ(with_cap(R"({"model":"m","input":"a"})", Dialect::responses, 9),
            R"({"max_output_tokens":9,"model":"m","input":"a"})");
  EXPECT_EQ(with_cap(R"({"max_output_tokens": 100,"max_tokens":200})", Dialect::responses, 9),
            R"({"max_output_tokens": 9,"max_tokens":200})");
  EXPECT_EQ(with_cap(R"({"max_tokens":100})", Dialect::messages, 9), R"({"max_tokens":9})");
  EXPECT_EQ(with_cap(R"({"max_tokens":5})", Dialect::messages, 9), R"({"max_tokens":5})");
}

TEST(Dialects, TheTextOfMessagesIsMeasured) {
  const RequestFields fields = fields_of(R"({"model":"m","max_tokens":64,"system":[{"type":"text","text":"aa bb"}],
      "messages":[{"role":"user","content":"cc"},
                  {"role":"assistant","content":[{"type":"thinking","thinking":"dd","signature":"zzzz"},
                                                 {"type":"tool_use","id":"t","name":"ee","input":{"ff":"gg"}}]},
                  {"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":"hh"}]},
                                            {"type":"image","source":{"type":"base64","data":"iiiiiiii"}}]}],
      "tools":[{"name":"jj","input_schema":{}}]})",
                                         Dialect::messages);
  EXPECT_EQ(fields.text.letters, 2 * 8 + 4 + 2 + 11);  // aa … hh, "name", jj, "input_schema"
  EXPECT_EQ(fields.text.messages, 3);
  EXPECT_EQ(fields.text.media_parts, 1);
  EXPECT_EQ(fields.caps.size(), 1U);
}

TEST(Dialects, TheTextOfResponsesIsMeasured) {
  const RequestFields fields = fields_of(R"({"model":"m","instructions":"aa","input":[
      {"role":"user","content":[{"type":"input_text","text":"bb"},{"type":"input_image","image_url":"data:xx"}]},
      {"type":"function_call","call_id":"c","name":"cc","arguments":"{\"dd\":1}"},
      {"type":"function_call_output","call_id":"c","output":"ee"},
      {"type":"reasoning","summary":[{"type":"summary_text","text":"ff"}],"encrypted_content":"zzzz"}]})",
                                         Dialect::responses);
  EXPECT_EQ(fields.text.letters, 2 * 6);
  EXPECT_EQ(fields.text.media_parts, 1);
  EXPECT_EQ(fields.text.messages, 1);
  EXPECT_EQ(fields_of(R"({"input":"aa bb"})", Dialect::responses).text.words, 2);
}

TEST(Dialects, AQueryIsReadOnceWithEveryDocument) {
  for (const char* body : {R"({"model":"m","query":"aa bb","documents":["cc",{"text":"dd"},"ee"]})",
                           R"({"documents":["cc",{"text":"dd"},"ee"],"query":"aa bb","model":"m"})"}) {
    const RequestFields fields = fields_of(body, Dialect::rerank);
    EXPECT_EQ(fields.text.words, 2 * 3 + 3) << body;
    EXPECT_EQ(fields.text.letters, 4 * 3 + 6) << body;
  }
}

TEST(Dialects, OnlyWhatTheDialectKnowsIsReadOfIt) {
  EXPECT_TRUE(fields_of(R"({"max_tokens":7})", Dialect::count_tokens).caps.empty());
  EXPECT_TRUE(fields_of(R"({"max_tokens":7})", Dialect::responses).caps.empty());
  EXPECT_EQ(refusal_of(R"({"max_tokens":"x"})", Dialect::messages), "max_tokens");
  EXPECT_EQ(refusal_of(R"({"messages":7})", Dialect::messages), "messages");
  EXPECT_EQ(refusal_of(R"({"messages":[7]})", Dialect::messages), "messages");
  EXPECT_EQ(refusal_of(R"({"system":"a","system":"b"})", Dialect::messages), "system");
  EXPECT_EQ(refusal_of(R"({"input":7})", Dialect::responses), "input");
  EXPECT_EQ(refusal_of(R"({"thinking":{"budget_tokens":"x"}})", Dialect::messages), "thinking.budget_tokens");
  EXPECT_EQ(fields_of(R"({"thinking":{"type":"enabled","budget_tokens":1024}})", Dialect::messages).thinking_tokens,
            1024);
}

TEST(Dialects, AnswersThatMustNotBeCutAreNoticed) {
  EXPECT_TRUE(fields_of(R"({"tool_choice":{"type":"any"}})", Dialect::messages).forced_tool_call);
  EXPECT_TRUE(fields_of(R"({"tool_choice":{"type":"tool","name":"f"}})", Dialect::messages).forced_tool_call);
  EXPECT_FALSE(fields_of(R"({"tool_choice":{"type":"auto"}})", Dialect::messages).forced_tool_call);
  EXPECT_TRUE(
      fields_of(R"({"text":{"format":{"type":"json_schema","schema":{}}}})", Dialect::responses).structured_output);
  EXPECT_FALSE(fields_of(R"({"text":{"format":{"type":"text"}}})", Dialect::responses).structured_output);
  EXPECT_TRUE(fields_of(R"({"output_config":{"format":{"type":"json_schema"}}})", Dialect::messages).structured_output);
}

TokenUsage usage(std::int64_t prompt, std::int64_t cached, std::int64_t output, std::int64_t reasoning) {
  return {.prompt = {prompt}, .cached = {cached}, .output = {output}, .reasoning = {reasoning}};
}

// Both ways of reading a document must agree, at any split.
TokenUsage usage_of(std::string_view json, Dialect dialect) {
  const DialectRules& rules = rules_of(dialect);
  const auto whole = usage_of_document(json, rules);
  EXPECT_TRUE(whole) << json;
  for (std::size_t piece = 1; piece <= json.size(); ++piece) {
    UsageTokenizer tokenizer(rules);
    for (std::size_t at = 0; at < json.size(); at += piece)
      tokenizer.feed(json.substr(at, piece));
    const auto found = tokenizer.finish();
    EXPECT_EQ(found ? found->usage : TokenUsage{}, whole ? whole->usage : TokenUsage{}) << json << " by " << piece;
  }
  return whole ? whole->usage : TokenUsage{};
}

TEST(Dialects, UsageIsReadWhereItsDialectPutsIt) {
  EXPECT_EQ(usage_of(R"({"usage":{"input_tokens":5,"cache_read_input_tokens":100,"cache_creation_input_tokens":10,
                        "output_tokens":7}})",
                     Dialect::messages),
            usage(115, 100, 7, 0));
  EXPECT_EQ(usage_of(R"({"input_tokens": 2095 })", Dialect::count_tokens), usage(2095, 0, 0, 0));
  EXPECT_EQ(usage_of(R"({"results":[{"index":0}],"usage":{"total_tokens":56}})", Dialect::rerank), usage(56, 0, 0, 0));
  EXPECT_EQ(usage_of(R"({"meta":{"billed_units":{"search_units":1},"tokens":{"input_tokens":12,"output_tokens":0}}})",
                     Dialect::rerank),
            usage(12, 0, 0, 0));
  EXPECT_EQ(usage_of(R"({"data":[{"b64_json":"AAAA"}],"usage":{"total_tokens":100,"input_tokens":50,
                        "output_tokens":50,"input_tokens_details":{"text_tokens":10,"image_tokens":40}}})",
                     Dialect::images),
            usage(50, 0, 50, 0));
  // Proxies that speak of Anthropic's cache beside OpenAI's whole count.
  EXPECT_EQ(
      usage_of(R"({"usage":{"prompt_tokens":115,"cache_read_input_tokens":100,"completion_tokens":7}})", Dialect::chat),
      usage(115, 100, 7, 0));
  EXPECT_FALSE(usage_of_document(R"({"usage":{"type":"duration","seconds":9}})", rules_of(Dialect::audio)));
  EXPECT_FALSE(usage_of_document(R"({"response":{"usage":{"input_tokens":1}}})", rules_of(Dialect::chat)));
}

const std::string messages_stream =
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"content\":[],\"usage\":"
    "{\"input_tokens\":5,\"cache_read_input_tokens\":100,\"cache_creation_input_tokens\":10,\"output_tokens\":1}}}\n\n"
    "event: ping\ndata: {\"type\":\"ping\"}\n\n"
    "event: content_block_delta\ndata: "
    "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\","
    "\"text\":\"Hello\"}}\n\n"
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":"
    "\"input_json_delta\",\"partial_json\":\"{}\"}}\n\n"
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"signature_delta\","
    "\"signature\":\"zzzzzzzzzzzz\"}}\n\n"
    "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},"
    "\"usage\":{\"output_tokens\":7}}\n\n";
const std::string message_stop = "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

std::string responses_stream(std::size_t text_bytes) {
  const std::string text(text_bytes, 'w');
  return "event: response.created\ndata: {\"type\":\"response.created\",\"sequence_number\":0,\"response\":{\"usage\":"
         "null}}\n\n"
         "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"sequence_number\":1,"
         "\"delta\":\"" +
         text +
         "\"}\n\n"
         "event: response.completed\ndata: {\"type\":\"response.completed\",\"sequence_number\":2,\"response\":{"
         "\"output\":[{\"content\":[{\"text\":\"" +
         text +
         "\"}]}],\"usage\":{\"input_tokens\":20,\"input_tokens_details\":{\"cached_tokens\":16},\"output_tokens\":4,"
         "\"output_tokens_details\":{\"reasoning_tokens\":1},\"total_tokens\":24}}}\n\n";
}

// In random pieces; every byte goes on unchanged.
SseScanner scanned(const std::string& stream, Dialect dialect, std::uint32_t seed) {
  std::minstd_rand random(seed);
  SseScanner scanner(false, rules_of(dialect));
  std::string passed;
  std::vector<std::string_view> out;
  const auto take = [&] {
    for (const std::string_view piece : out)
      passed += piece;
    out.clear();
  };
  const std::size_t piece_max = seed == 0 ? stream.size() : 1 + stream.size() / (1 + random() % 50);
  for (std::size_t at = 0; at < stream.size();) {
    const std::size_t piece = std::min(stream.size() - at, 1 + random() % piece_max);
    scanner.feed(std::string_view(stream).substr(at, piece), out);
    take();
    at += piece;
  }
  scanner.finish(out);
  take();
  EXPECT_EQ(passed, stream);
  return scanner;
}

TEST(Dialects, UsageOfAStreamOfMessagesIsTakenTogether) {
  for (std::uint32_t seed = 0; seed < 100; ++seed) {
    const SseScanner cut = scanned(messages_stream, Dialect::messages, seed);
    EXPECT_EQ(cut.usage(), usage(115, 100, 7, 0)) << seed;
    EXPECT_EQ(cut.content_events(), 2) << seed;
    EXPECT_FALSE(cut.done_seen()) << seed;
    EXPECT_TRUE(cut.output_told()) << seed;
    EXPECT_TRUE(scanned(messages_stream + message_stop, Dialect::messages, seed).done_seen()) << seed;
  }
}

TEST(Dialects, TheFirstFigureOfAStreamOfMessagesIsNotItsOutput) {
  const SseScanner cut =
      scanned(messages_stream.substr(0, messages_stream.find("event: message_delta")), Dialect::messages, 0);
  EXPECT_EQ(cut.usage(), usage(115, 100, 0, 0));
  EXPECT_FALSE(cut.output_told());
}

TEST(Dialects, UsageOfAResponseIsReadHoweverLongItsLastEventIs) {
  for (const std::size_t bytes : {std::size_t{10}, std::size_t{100'000}}) {
    const std::string stream = responses_stream(bytes);
    for (std::uint32_t seed = 0; seed < 12; ++seed) {
      const SseScanner scanner = scanned(stream, Dialect::responses, seed);
      EXPECT_EQ(scanner.usage(), usage(20, 16, 4, 1)) << seed;
      EXPECT_TRUE(scanner.done_seen()) << seed;
      EXPECT_EQ(scanner.next_number(), 3) << seed;
    }
  }
}

TEST(Dialects, AStreamEndsOnlyWithTheEndOfItsOwnDialect) {
  EXPECT_FALSE(scanned("data: [DONE]\n\n", Dialect::messages, 0).done_seen());
  EXPECT_FALSE(scanned(message_stop, Dialect::chat, 0).done_seen());
  EXPECT_TRUE(scanned("data: [DONE]\n\n", Dialect::chat, 0).done_seen());
  EXPECT_TRUE(scanned("data: {\"type\":\"transcript.text.done\",\"text\":\"a\"}\n\n", Dialect::audio, 0).done_seen());
}

}  // namespace
}  // namespace obleth::wire
