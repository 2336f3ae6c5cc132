#include "wire/usage_extract.hpp"

#include <gtest/gtest.h>

#include <array>

namespace obleth::wire {
namespace {

TokenUsage usage(std::int64_t prompt, std::int64_t cached, std::int64_t output, std::int64_t reasoning) {
  return {.prompt = {prompt}, .cached = {cached}, .output = {output}, .reasoning = {reasoning}};
}

// Through the tokenizer, in pieces of the given size.
std::optional<ExtractedUsage> tokenized(std::string_view json, std::size_t piece) {
  UsageTokenizer tokenizer;
  for (std::size_t at = 0; at < json.size(); at += piece)
    tokenizer.feed(json.substr(at, piece));
  EXPECT_EQ(tokenizer.bytes(), static_cast<std::int64_t>(json.size()));
  return tokenizer.finish();
}

// Every way of reading must agree.
std::optional<ExtractedUsage> usage_of(std::string_view json) {
  const std::optional<ExtractedUsage> whole = usage_of_document(json);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}, json.size() + 1}) {
    const std::optional<ExtractedUsage> parts = tokenized(json, piece);
    EXPECT_EQ(parts.has_value(), whole.has_value()) << json << " in pieces of " << piece;
    if (parts && whole) {
      EXPECT_EQ(parts->usage, whole->usage) << json << " in pieces of " << piece;
      EXPECT_EQ(parts->clamped, whole->clamped) << json;
    }
  }
  return whole;
}

TEST(UsageExtract, EveryDialectsShapeIsRead) {
  const struct {
    std::string_view json;
    TokenUsage expected;
  } shapes[] = {
      {R"({"id":"x","choices":[{"message":{"content":"a\"}b"}}],"usage":{"prompt_tokens":12,"completion_tokens":5,
           "total_tokens":17,"prompt_tokens_details":{"cached_tokens":8,"audio_tokens":0},
           "completion_tokens_details":{"reasoning_tokens":3}},"system_fingerprint":null})",
       usage(12, 8, 5, 3)},
      {R"({"usage":{"prompt_tokens":9,"total_tokens":9},"data":[{"embedding":[0.1,-2e-3]}]})", usage(9, 0, 0, 0)},
      {R"({"usage":{"input_tokens":20,"output_tokens":4,"input_tokens_details":{"cached_tokens":16},
           "output_tokens_details":{"reasoning_tokens":1}}})",
       usage(20, 16, 4, 1)},
      {R"({"type":"message","usage":{"input_tokens":5,"cache_read_input_tokens":100,
           "cache_creation_input_tokens":10,"output_tokens":7}})",
       usage(115, 100, 7, 0)},
      {R"( { "usage" : { "prompt_tokens" : 1 , "prompt_tokens_details" : null , "completion_tokens" : null } } )",
       usage(1, 0, 0, 0)},
      {R"({"us\u0061ge":{"prompt_tokens":1,"completion_tokens":2}})", usage(1, 0, 2, 0)},
  };
  for (const auto& [json, expected] : shapes) {
    const std::optional<ExtractedUsage> found = usage_of(json);
    ASSERT_TRUE(found) << json;
    EXPECT_EQ(found->usage, expected) << json;
    EXPECT_FALSE(found->clamped) << json;
  }
}

TEST(UsageExtract, OnlyTheTopLevelCounts) {
  EXPECT_FALSE(usage_of(R"({"a":{"usage":{"prompt_tokens":1}},"b":[{"usage":{"prompt_tokens":1}}]})"));
  EXPECT_FALSE(usage_of(R"({"content":"\"usage\":{\"prompt_tokens\":1}"})"));
  EXPECT_FALSE(usage_of(R"([{"usage":{"prompt_tokens":1}}])"));
  const auto found = usage_of(R"({"x":{"usage":{"prompt_tokens":9}},"usage":{"prompt_tokens":1}})");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->usage.prompt.value, 1);
}

TEST(UsageExtract, ACutAnywhereTellsTheSame) {
  constexpr std::string_view answers[] = {
      R"({"id":"chatcmpl-0123456789abcdef","choices":[{"message":{"content":"Say \"}]\" and \\","tool_calls":[[],{}]}}],
          "usage" : { "prompt_tokens":12, "note":"}{\"]", "completion_tokens":5 } , "tail":{"usage":{"prompt_tokens":9}}})",
      R"({"response":{"id":"resp_0123456789","output":["]}"],"usage":{"input_tokens":12,"output_tokens":5}},"x":1})",
      R"({"a very long key, longer than any that matters: \u0075sage":[1,"usage"],"us\u0061ge":{"input_tokens":12,
          "output_tokens":5}})"};
  for (const std::string_view json : answers) {
    for (std::size_t cut = 0; cut <= json.size(); ++cut) {
      UsageTokenizer tokenizer;
      tokenizer.feed(json.substr(0, cut));
      tokenizer.feed(json.substr(cut));
      ASSERT_TRUE(tokenizer.finish()) << json.substr(0, cut);
      EXPECT_EQ(tokenizer.finish()->usage, usage(12, 0, 5, 0)) << json.substr(0, cut);
    }
  }
}

TEST(UsageExtract, WhatHoldsNoCountIsNoUsage) {
  for (const std::string_view json : {R"({"usage":null})", R"({"usage":{}})", R"({"usage":[1]})", R"({"usage":5})",
                                      R"({"usage":{"queries":3}})", "{}", "", "plain text", R"("usage")"}) {
    EXPECT_FALSE(usage_of(json)) << json;
  }
}

TEST(UsageExtract, AMarkBeforeTheDocumentHidesNothing) {
  UsageTokenizer tokenizer;
  for (const char& byte : std::string("\xEF\xBB\xBF {\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":3}}"))
    tokenizer.feed({&byte, 1});
  ASSERT_TRUE(tokenizer.finish());
  EXPECT_EQ(tokenizer.finish()->usage, usage(12, 0, 3, 0));
}

TEST(UsageExtract, ACountIsReadInEveryFormThatJsonHasForIt) {
  for (const std::string_view twelve : {"12", "12.0", "1.2e1", "1200e-2", "0.12E+2", "12e0"}) {
    const auto found = usage_of(R"({"usage":{"prompt_tokens":)" + std::string(twelve) + R"(,"completion_tokens":3}})");
    ASSERT_TRUE(found) << twelve;
    EXPECT_EQ(found->usage, usage(12, 0, 3, 0)) << twelve;
    EXPECT_FALSE(found->clamped) << twelve;
  }
}

TEST(UsageExtract, ImpossibleFiguresAreClampedAndSaid) {
  const struct {
    std::string_view json;
    TokenUsage expected;
  } cases[] = {
      {R"({"usage":{"prompt_tokens":-5,"completion_tokens":3}})", usage(0, 0, 3, 0)},
      {R"({"usage":{"prompt_tokens":-99999999999999999999,"completion_tokens":3}})", usage(0, 0, 3, 0)},
      {R"({"usage":{"prompt_tokens":99999999999999999999,"completion_tokens":3}})", usage(usage_tokens_max, 0, 3, 0)},
      {R"({"usage":{"prompt_tokens":1.9,"completion_tokens":3}})", usage(1, 0, 3, 0)},
      {R"({"usage":{"prompt_tokens":1e-3,"completion_tokens":3}})", usage(0, 0, 3, 0)},
      {R"({"usage":{"prompt_tokens":1e-999,"completion_tokens":3}})", usage(0, 0, 3, 0)},
      {R"({"usage":{"prompt_tokens":1e+30,"completion_tokens":3}})", usage(usage_tokens_max, 0, 3, 0)},
      {R"({"usage":{"prompt_tokens":1e999,"completion_tokens":3}})", usage(usage_tokens_max, 0, 3, 0)},
      {R"({"usage":{"prompt_tokens":"7","completion_tokens":3}})", usage(0, 0, 3, 0)},
      {R"({"usage":{"prompt_tokens":2,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":9}}})",
       usage(2, 2, 3, 0)},
      {R"({"usage":{"prompt_tokens":2,"completion_tokens":3,"completion_tokens_details":{"reasoning_tokens":4}}})",
       usage(2, 0, 3, 3)},
  };
  for (const auto& [json, expected] : cases) {
    const std::optional<ExtractedUsage> found = usage_of(json);
    ASSERT_TRUE(found) << json;
    EXPECT_EQ(found->usage, expected) << json;
    EXPECT_TRUE(found->clamped) << json;
  }
}

TEST(UsageExtract, ABodyThatBreaksOffKeepsTheUsageItTold) {
  const auto found = usage_of(R"({"usage":{"prompt_tokens":4,"completion_tokens":2},"choices":[{"mess)");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->usage.output.value, 2);
  EXPECT_FALSE(usage_of(R"({"usage":{"prompt_tokens":4,"completion_to)"));
}

TEST(UsageExtract, AnOversizedUsageIsNotKept) {
  const std::string json = R"({"usage":{"x":")" + std::string(20'000, 'x') + R"(","prompt_tokens":1}})";
  EXPECT_FALSE(tokenized(json, 1000));
}

}  // namespace
}  // namespace obleth::wire
