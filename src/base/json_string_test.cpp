#include "base/json_string.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace obleth {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(JsonString, PlainTextAndValidUtf8Pass) {
  for (const char* text : {"", "abc", "caf\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xED\x9F\xBF", "\x7F"}) {
    EXPECT_EQ(escaped(text), text);
  }
}

TEST(JsonString, QuotesBackslashesAndControlsAreEscaped) {
  EXPECT_EQ(escaped("\"\\/"), "\\\"\\\\/");
  EXPECT_EQ(escaped("\n\r\t\b\f\x1F"), "\\n\\r\\t\\u0008\\u000c\\u001f");
  EXPECT_EQ(escaped(std::string_view("\0", 1)), "\\u0000");
}

TEST(JsonString, WhatIsEscapedIsEscapedAtAnyPlace) {
  const std::pair<char, std::string> escapes[] = {
      {'"', "\\\""}, {'\\', "\\\\"}, {'\x1F', "\\u001f"}, {'\xFF', "\xEF\xBF\xBD"}, {'!', "!"}, {'\x7F', "\x7F"}};
  for (const auto& [byte, meant] : escapes) {
    for (std::size_t before = 0; before < 20; ++before) {
      for (std::size_t after = 0; after < 20; ++after) {
        const std::string head(before, '#');
        const std::string tail(after, ' ');
        EXPECT_EQ(escaped(head + byte + tail), head + meant + tail);
      }
    }
  }
}

TEST(JsonString, EachInvalidByteBecomesTheReplacementCharacter) {
  const std::string bad = "\xEF\xBF\xBD";
  EXPECT_EQ(escaped("a\xFFz"), "a" + bad + "z");
  EXPECT_EQ(escaped("\xC3"), bad);
  EXPECT_EQ(escaped("\xC3z"), bad + "z");
  EXPECT_EQ(escaped("\xC0\x80"), bad + bad);            // overlong
  EXPECT_EQ(escaped("\xE0\x80\x80"), bad + bad + bad);  // overlong
  EXPECT_EQ(escaped("\xED\xA0\x80"), bad + bad + bad);  // surrogate
  EXPECT_EQ(escaped("\xF4\x90\x80\x80"), bad + bad + bad + bad);
  EXPECT_EQ(escaped("\xF0\x9F\x98"), bad + bad + bad);  // cut short
  EXPECT_EQ(escaped("\x80"), bad);
}

}  // namespace
}  // namespace obleth
