#include "wire/request_body.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace obleth::wire {
namespace {

RequestFields fields_of(std::string_view body, Dialect dialect = Dialect::chat) {
  const BodyOutcome outcome = read_request_body(body, dialect);
  const auto* fault = std::get_if<BodyFault>(&outcome);
  EXPECT_EQ(fault, nullptr) << body << ": " << (fault != nullptr ? fault->message : "");
  return fault == nullptr ? std::get<RequestFields>(outcome) : RequestFields{};
}

// The param of the refusal; "accepted" where there is none, "document" where the fault is the document's.
std::string refusal_of(std::string_view body, Dialect dialect = Dialect::chat) {
  const BodyOutcome outcome = read_request_body(body, dialect);
  const auto* fault = std::get_if<BodyFault>(&outcome);
  if (fault == nullptr) return "accepted";
  EXPECT_FALSE(fault->message.empty());
  return fault->param.empty() ? "document" : fault->param;
}

std::string nested(std::size_t depth, std::string_view inside = "") {
  return std::string(depth, '[') + std::string(inside) + std::string(depth, ']');
}

TEST(RequestBody, FieldsAreReadWhereverTheyStand) {
  const RequestFields fields = fields_of(
      R"( {"messages":[{"role":"user","content":"hi"}],"n":3,"max_tokens":10,"max_completion_tokens":20,
          "min_tokens":5,"stream":true,"best_of":4,"model":"m","stream_options":{"include_usage":true}} )");
  EXPECT_TRUE(fields.has_model);
  EXPECT_EQ(fields.model, "m");
  EXPECT_TRUE(fields.stream);
  EXPECT_EQ(fields.n, 4);
  ASSERT_EQ(fields.caps.size(), 2U);
  EXPECT_EQ(fields.caps[0].name, "max_tokens");
  EXPECT_EQ(fields.caps[0].tokens, 10);
  EXPECT_EQ(fields.caps[1].tokens, 20);
  EXPECT_EQ(fields.min_tokens, 5);
  EXPECT_TRUE(fields.asks_usage);
  EXPECT_EQ(fields.text.messages, 1);
  EXPECT_EQ(fields.text.letters, 2);
}

TEST(RequestBody, AnEscapedKeyIsTheSameKey) {
  const RequestFields fields = fields_of(R"({"mod\u0065l":"a","\u0073tream":true,"max\u005Ftokens":7})");
  EXPECT_EQ(fields.model, "a");
  EXPECT_TRUE(fields.stream);
  ASSERT_EQ(fields.caps.size(), 1U);
  EXPECT_EQ(fields.caps[0].tokens, 7);
}

TEST(RequestBody, TheModelIsUnescaped) {
  EXPECT_EQ(fields_of(R"({"model":"a\/\u00e9\ud83d\ude00\n"})").model, "a/\xC3\xA9\xF0\x9F\x98\x80\n");
}

TEST(RequestBody, DuplicatesOfFieldsReadAreRefused) {
  EXPECT_EQ(refusal_of(R"({"model":"a","mod\u0065l":"b"})"), "model");
  EXPECT_EQ(refusal_of(R"({"model":"a","stream":true,"stream":false})"), "stream");
  EXPECT_EQ(refusal_of(R"({"max_tokens":1,"max_tokens":1})"), "max_tokens");
  EXPECT_EQ(refusal_of(R"({"messages":[],"messages":[]})"), "messages");
  EXPECT_EQ(refusal_of(R"({"priority":1,"priority":2})"), "priority");
  EXPECT_EQ(refusal_of(R"({"stream_options":{"include_usage":true,"include_usage":false}})"),
            "stream_options.include_usage");
  EXPECT_EQ(refusal_of(R"({"temperature":1,"temperature":2})"), "accepted");
}

// An upstream in Go takes "Model" for the model, and the last one that it reads.
TEST(RequestBody, FieldsReadStandInNoOtherCase) {
  EXPECT_EQ(refusal_of(R"({"model":"a","Model":"b"})"), "model");
  EXPECT_EQ(refusal_of(R"({"mOdEl":"b"})"), "model");
  EXPECT_EQ(refusal_of(R"({"model":"a","\u004dodel":"b"})"), "model");
  EXPECT_EQ(refusal_of(R"({"model":"a","Model":"b"})", Dialect::any), "model");
  EXPECT_EQ(refusal_of(R"({"max_tokens":1,"Max_Tokens":9})"), "max_tokens");
  EXPECT_EQ(refusal_of("{\"max_to\xE2\x84\xAA"
                       "ens\":9}"),
            "max_tokens");
  EXPECT_EQ(refusal_of(R"({"\u017ftream":true})"), "stream");
  EXPECT_EQ(refusal_of(R"({"Temperature":1,"models":1,"mode":1,"m\u00f6del":1,"MODELS":1})"), "accepted");
}

TEST(RequestBody, WrongTypesNameTheirField) {
  EXPECT_EQ(refusal_of(R"({"model":5})"), "model");
  EXPECT_EQ(refusal_of(R"({"model":null})"), "model");
  EXPECT_EQ(refusal_of(R"({"model":""})"), "model");
  EXPECT_EQ(refusal_of(R"({"model":")" + std::string(257, 'm') + "\"}"), "model");
  EXPECT_EQ(refusal_of(R"({"model":")" + std::string(256, 'm') + "\"}"), "accepted");
  EXPECT_EQ(refusal_of(R"({"stream":"true"})"), "stream");
  EXPECT_EQ(refusal_of(R"({"stream":1})"), "stream");
  EXPECT_EQ(refusal_of(R"({"stream_options":true})"), "stream_options");
  EXPECT_EQ(refusal_of(R"({"stream_options":{"include_usage":1}})"), "stream_options.include_usage");
  EXPECT_EQ(refusal_of(R"({"messages":"hi"})"), "messages");
  EXPECT_EQ(refusal_of(R"({"messages":["hi"]})"), "messages");
  EXPECT_EQ(refusal_of(R"({"messages":[{"content":5}]})"), "messages");
  EXPECT_EQ(refusal_of(R"({"tools":{}})"), "tools");
  EXPECT_EQ(refusal_of(R"({"tool_choice":1})"), "tool_choice");
  EXPECT_EQ(refusal_of(R"({"response_format":"json"})"), "response_format");
  EXPECT_EQ(refusal_of(R"({"prompt":7})", Dialect::completions), "prompt");
  EXPECT_EQ(refusal_of(R"({"prompt":["a",1]})", Dialect::completions), "prompt");
  EXPECT_EQ(refusal_of(R"({"input":true})", Dialect::embeddings), "input");
}

TEST(RequestBody, CountsAreIntegersOfAtLeastOne) {
  for (const std::string_view name : {"max_tokens", "max_completion_tokens", "n", "best_of"}) {
    for (const std::string_view bad : {"0", "-1", "1.5", "1e3", "\"5\"", "true", "[]", "-99999999999999999999"}) {
      EXPECT_EQ(refusal_of("{\"" + std::string(name) + "\":" + std::string(bad) + "}"), name) << bad;
    }
    EXPECT_EQ(refusal_of("{\"" + std::string(name) + "\":null}"), "accepted");
    EXPECT_EQ(refusal_of("{\"" + std::string(name) + "\":1}"), "accepted");
  }
  EXPECT_EQ(refusal_of(R"({"min_tokens":-1})"), "min_tokens");
  EXPECT_EQ(refusal_of(R"({"min_tokens":0})"), "accepted");
}

TEST(RequestBody, ACompletionMayAskForNoOutput) {
  BodyOutcome outcome = read_request_body(R"({"max_tokens":0,"echo":true})", Dialect::completions);
  ASSERT_TRUE(std::holds_alternative<RequestFields>(outcome));
  EXPECT_EQ(std::get<RequestFields>(outcome).caps.at(0).tokens, 0);
  EXPECT_EQ(refusal_of(R"({"max_tokens":-1})", Dialect::completions), "max_tokens");
}

TEST(RequestBody, AHugeCountSaturates) {
  const RequestFields fields = fields_of(R"({"max_tokens":123456789012345678901234567890})");
  EXPECT_EQ(fields.caps.at(0).tokens, std::numeric_limits<std::int64_t>::max());
}

TEST(RequestBody, OnlyOneWholeObjectIsAccepted) {
  for (const std::string_view bad : {"",
                                     " ",
                                     "null",
                                     "[]",
                                     "\"a\"",
                                     "5",
                                     "{",
                                     "}",
                                     "{}x",
                                     "{} {}",
                                     "{},",
                                     R"({"a":1,})",
                                     R"({,"a":1})",
                                     R"({"a" 1})",
                                     R"({"a":})",
                                     R"({a:1})",
                                     R"({"a":1 "b":2})",
                                     R"({"a":01})",
                                     R"({"a":+1})",
                                     R"({"a":.5})",
                                     R"({"a":1.})",
                                     R"({"a":1e})",
                                     R"({"a":-})",
                                     R"({"a":NaN})",
                                     R"({"a":tru})",
                                     R"({"a":nulls})",
                                     R"({"a":"\x"})",
                                     R"({"a":"\u12g4"})",
                                     R"({"a":"\u12)",
                                     R"({"a":"b)",
                                     "{\"a\":\"\n\"}",
                                     R"({"a":[1,]})",
                                     R"({"a":[1)",
                                     R"({"a":{"b":1]})",
                                     R"({"a":[}])",
                                     R"({'a':1})",
                                     R"({"a":1}//c)",
                                     "\xEF\xBB\xBF{}"}) {
    EXPECT_EQ(refusal_of(bad), "document") << bad;
  }
  const std::string_view with_nul("{\"a\":1}\0", 8);
  EXPECT_EQ(refusal_of(with_nul), "document");
  EXPECT_EQ(refusal_of(std::string_view("{\"a\":1\0}", 8)), "document");
  for (const std::string_view good :
       {"{}", " \t\r\n{ } ", R"({"a":-0.5e+10,"":[[],{},[{}]],"b":"\"\\\/\b\f\n\r\t"})"}) {
    EXPECT_EQ(refusal_of(good), "accepted") << good;
  }
}

TEST(RequestBody, DeepNestingIsRefusedWithoutRecursion) {
  EXPECT_EQ(refusal_of("{\"a\":" + nested(511) + "}"), "accepted");
  EXPECT_EQ(refusal_of("{\"a\":" + nested(512) + "}"), "document");
  EXPECT_EQ(refusal_of("{\"a\":" + std::string(10'000'000, '[')), "document");
  std::string objects;
  for (int depth = 0; depth < 100'000; ++depth)
    objects += "{\"a\":";
  EXPECT_EQ(refusal_of(objects), "document");
  EXPECT_EQ(refusal_of("{\"messages\":[{\"content\":[{\"x\":" + nested(507) + "}]}]}"), "accepted");
  EXPECT_EQ(refusal_of("{\"messages\":[{\"content\":[{\"x\":" + nested(508) + "}]}]}"), "document");
  EXPECT_EQ(refusal_of("{\"tools\":" + nested(512) + "}"), "document");
}

TEST(RequestBody, InvalidUtf8IsRefusedInFieldsRead) {
  EXPECT_EQ(refusal_of("{\"model\":\"a\xFF\"}"), "model");
  EXPECT_EQ(refusal_of(R"({"model":"\ud800"})"), "model");
  EXPECT_EQ(refusal_of("{\"messages\":[{\"content\":\"\xC0\xAF\"}]}"), "messages");
  EXPECT_EQ(refusal_of("{\"messages\":[{\"content\":\"a long text of ASCII, then \xED\xA0\x80\"}]}"), "messages");
  EXPECT_EQ(refusal_of("{\"messages\":[{\"content\":[{\"text\":\"\xF5\x80\x80\x80\"}]}]}"), "messages");
  EXPECT_EQ(refusal_of("{\"tools\":[\"\xE2\x82\"]}"), "tools");
  EXPECT_EQ(refusal_of("{\"prompt\":\"\x80\"}", Dialect::completions), "prompt");
  EXPECT_EQ(refusal_of("{\"user\":\"\xFF\"}"), "accepted");
  EXPECT_EQ(refusal_of(R"({"messages":[{"content":"\ud800"}]})"), "accepted");
}

TEST(RequestBody, OnlyModelAndStreamAreReadOfOtherRoutes) {
  const std::string_view body = R"({"model":"m","stream":true,"messages":7,"max_tokens":"x","priority":1,"n":0})";
  const RequestFields fields = fields_of(body, Dialect::any);
  EXPECT_EQ(fields.model, "m");
  EXPECT_TRUE(fields.stream);
  EXPECT_TRUE(fields.caps.empty());
  EXPECT_FALSE(fields.priority_member);
}

TEST(RequestBody, ACapThatTheRouteIgnoresIsNotRead) {
  EXPECT_TRUE(fields_of(R"({"max_completion_tokens":1})", Dialect::completions).caps.empty());
  EXPECT_TRUE(fields_of(R"({"max_output_tokens":1})", Dialect::chat).caps.empty());
}

TEST(RequestBody, PromptsAreCounted) {
  const auto prompts = [](std::string_view value) {
    return fields_of("{\"prompt\":" + std::string(value) + "}", Dialect::completions).prompts;
  };
  EXPECT_EQ(prompts(R"("a")"), 1);
  EXPECT_EQ(prompts("null"), 1);
  EXPECT_EQ(prompts("[]"), 1);
  EXPECT_EQ(prompts("[1,2,3]"), 1);
  EXPECT_EQ(prompts(R"(["a","b"])"), 2);
  EXPECT_EQ(prompts("[[1,2],[3],[]]"), 3);
  const RequestFields ids = fields_of(R"({"input":[[1,2],[3]]})", Dialect::embeddings);
  EXPECT_EQ(ids.prompts, 2);
  EXPECT_EQ(ids.text.token_ids, 3);
}

TEST(RequestBody, AnswersThatMustNotBeCutAreNoticed) {
  EXPECT_TRUE(fields_of(R"({"response_format":{"type":"json_schema","json_schema":{}}})").structured_output);
  EXPECT_TRUE(fields_of(R"({"response_format":{"type":"json_object"}})").structured_output);
  EXPECT_FALSE(fields_of(R"({"response_format":{"type":"text"}})").structured_output);
  EXPECT_FALSE(fields_of(R"({"response_format":null})").structured_output);
  EXPECT_TRUE(fields_of(R"({"tool_choice":"required"})").forced_tool_call);
  EXPECT_TRUE(fields_of(R"({"tool_choice":{"type":"function","function":{"name":"f"}}})").forced_tool_call);
  EXPECT_FALSE(fields_of(R"({"tool_choice":"auto"})").forced_tool_call);
  EXPECT_FALSE(fields_of(R"({"tool_choice":null})").forced_tool_call);
  EXPECT_TRUE(fields_of(R"({"function_call":{"name":"f"}})").forced_tool_call);
  EXPECT_TRUE(fields_of(R"({"tool_choice":"required","function_call":"auto"})").forced_tool_call);
  EXPECT_FALSE(fields_of(R"({"function_call":"auto"})").forced_tool_call);
  EXPECT_EQ(refusal_of(R"({"function_call":7})"), "function_call");
  for (const std::string name :
       {"structured_outputs", "guided_json", "guided_regex", "guided_choice", "guided_grammar"}) {
    EXPECT_TRUE(fields_of("{\"" + name + "\":{}}").structured_output) << name;
    EXPECT_TRUE(fields_of("{\"" + name + "\":\"a\",\"response_format\":{\"type\":\"text\"}}").structured_output);
    EXPECT_FALSE(fields_of("{\"" + name + "\":null}").structured_output) << name;
  }
}

TEST(RequestBody, TheTextThatTheModelReadsIsMeasured) {
  const TextMeasure text = fields_of(R"({"messages":[{"role":"system","content":"ab, cd 12\n"},
      {"role":"user","content":[{"type":"text","text":"\u4e2d文 é"},{"type":"image_url","image_url":{"url":"data:xx"}},
                                {"type":"input_audio","input_audio":{"data":"AAAA"}}]},
      {"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function",
           "function":{"name":"f","arguments":"{\"a\":1}"}}]}]})")
                               .text;
  EXPECT_EQ(text.messages, 3);
  EXPECT_EQ(text.media_parts, 2);
  EXPECT_EQ(text.letters, 4 + 1 + 1);  // ab cd, f, a
  EXPECT_EQ(text.words, 4);
  EXPECT_EQ(text.digits, 3);
  EXPECT_EQ(text.numbers, 2);
  EXPECT_EQ(text.space_runs, 4);
  EXPECT_EQ(text.line_runs, 1);
  EXPECT_EQ(text.punctuation, 1 + 5);       // the comma; { " " : }
  EXPECT_EQ(text.punctuation_runs, 1 + 3);  // the comma; {" ": }
  EXPECT_EQ(text.wide_characters, 2);
  EXPECT_EQ(text.narrow_characters, 1);
}

TEST(RequestBody, CamelCaseIsSeveralWords) {
  const auto words = [](std::string_view text) {
    return fields_of("{\"prompt\":\"" + std::string(text) + "\"}", Dialect::completions).text.words;
  };
  for (const std::string padding : {"", ".", "......", ".......", "........"}) {
    EXPECT_EQ(words(padding + "camelCase"), 2) << padding.size();
    EXPECT_EQ(words(padding + "getHTTPHead and Back"), 4) << padding.size();
    EXPECT_EQ(words(padding + "aB\u0043d"), 2) << padding.size();
  }
}

TEST(RequestBody, ToolsCountAsTheirJson) {
  const TextMeasure text = fields_of("{\"tools\":[ {\"a\" : \"bc d\" , \"n\": 12} ]}").text;
  EXPECT_EQ(text.letters, 5);
  EXPECT_EQ(text.digits, 2);
  EXPECT_EQ(text.space_runs, 1);
  EXPECT_EQ(text.punctuation, 4 + 6 + 3);  // brackets, quotes, colons and commas
  EXPECT_EQ(text.punctuation_runs, 5);     // [{" ":" "," ": }]
}

TEST(RequestBody, LongTextIsMeasuredAsItsCharacters) {
  std::string text;
  TextMeasure expected;
  for (int round = 0; round < 50; ++round) {
    text += "word" + std::string(static_cast<std::size_t>(round % 9), ' ') + "7,\xE4\xB8\xAD";
    expected.letters += 4;
    expected.words += 1;
    expected.space_runs += round % 9 > 0 ? 1 : 0;
    expected.digits += 1;
    expected.punctuation += 1;
    expected.wide_characters += 1;
  }
  EXPECT_EQ(fields_of("{\"prompt\":\"" + text + "\"}", Dialect::completions).text.letters, expected.letters);
  const TextMeasure got = fields_of("{\"prompt\":\"" + text + "\"}", Dialect::completions).text;
  EXPECT_EQ(got.words, expected.words);
  EXPECT_EQ(got.space_runs, expected.space_runs);
  EXPECT_EQ(got.digits, expected.digits);
  EXPECT_EQ(got.punctuation, expected.punctuation);
  EXPECT_EQ(got.wide_characters, expected.wide_characters);
}

}  // namespace
}  // namespace obleth::wire
