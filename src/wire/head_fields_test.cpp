#include "wire/head_fields.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "wire/http_syntax.hpp"

namespace obleth::wire {
namespace {

// Mostly what names and values are made of, and now and then any byte.
std::string random_bytes(std::mt19937& random, std::string_view usual) {
  std::string bytes;
  for (std::size_t left = random() % 50; left > 0; --left) {
    const auto any = static_cast<char>(random());
    bytes += random() % 60 == 0 && any != '\n' ? any : usual[random() % usual.size()];
  }
  return bytes;
}

TEST(HeadFields, OneByteOutsideOfTheGrammarRefusesALine) {
  std::mt19937 random(21);
  int accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    const std::string name = random_bytes(random, "abcxyzABCXYZ0123456789--------_!~");
    const std::string value = random_bytes(random, "abcdefghijklm ABCDEF\t\xE9 (text/html; q=0.9)");
    if (name.contains(':')) continue;
    const std::string lines = name + ":" + value + "\r\n\r\n";
    HeaderBlock fields;
    NotedFields noted;
    const FieldsFault fault = read_fields(lines, fields, noted);
    const bool allowed = !name.empty() && all_in(name, token_char) && all_in(value, value_char);
    ASSERT_EQ(fault.status == 0, allowed) << lines;
    if (!allowed) continue;
    ++accepted;
    ASSERT_EQ(fields.fields().size(), 1U);
    EXPECT_EQ(fields.fields()[0].name, name);
    EXPECT_EQ(fields.fields()[0].value, trim_blanks(value));
  }
  EXPECT_GT(accepted, 1'000);
}

TEST(HeadFields, ANameInAnyCaseIsTheName) {
  constexpr std::string_view token_chars = "!#$%&'*+-.^_`|~0189AMZamz";
  std::mt19937 random(22);
  for (const std::string_view name : {"te", "host", "expect", "keep-alive", "x-api-key", "transfer-encoding",
                                      "http2-settings", "x-gateway-inference-fairness-id"}) {
    EXPECT_TRUE(is_named(name, name));
    for (int round = 0; round < 2'000; ++round) {
      std::string token(name);
      for (char& c : token)
        c = random() % 2 == 0 && c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
      ASSERT_TRUE(is_named(token, name)) << token;
      token[random() % token.size()] = token_chars[random() % token_chars.size()];
      ASSERT_EQ(is_named(token, name), equals_ignoring_case(token, name)) << token;
    }
  }
}

}  // namespace
}  // namespace obleth::wire
