#include "base/flat_toml.hpp"

#include <gtest/gtest.h>

namespace obleth {
namespace {

TEST(FlatToml, ReadsStringsBareValuesAndLists) {
  const auto read = parse_flat_toml(
      "# the gateway\n"
      "listen = \"127.0.0.1:8080\"  # loopback\n"
      "\n"
      "global_max_in_flight=1_000\r\n"
      "dev = true\n"
      "path = 'C:\\as it stands'\n"
      "cors_origins = [ \"https://a.example\", # one\n  'https://b.example',\n]\n"
      "empty = []");
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->size(), 6U);
  EXPECT_EQ((*read)[0].key, "listen");
  EXPECT_EQ((*read)[0].values, std::vector<std::string>{"127.0.0.1:8080"});
  EXPECT_EQ((*read)[1].values, std::vector<std::string>{"1000"});
  EXPECT_EQ((*read)[1].line, 4U);
  EXPECT_EQ((*read)[2].values, std::vector<std::string>{"true"});
  EXPECT_EQ((*read)[3].values, std::vector<std::string>{"C:\\as it stands"});
  EXPECT_TRUE((*read)[4].is_list);
  EXPECT_EQ((*read)[4].values, (std::vector<std::string>{"https://a.example", "https://b.example"}));
  EXPECT_TRUE((*read)[5].values.empty());
}

TEST(FlatToml, EscapesInAStringMeanWhatTheySay) {
  const auto read = parse_flat_toml(R"(text = "a \"b\" \\ \t.")");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->front().values.front(), "a \"b\" \\ \t.");
}

TEST(FlatToml, RefusesWhatItDoesNotUnderstandAndNamesTheLine) {
  const auto refusal = [](std::string_view text) {
    const auto read = parse_flat_toml(text);
    return read ? std::string("accepted") : read.error().message;
  };
  EXPECT_EQ(refusal("a = 1\n[server]\n"), "line 2: tables are not used: write every key at the top, as name = value");
  EXPECT_EQ(refusal("listen\n"), "line 1: expected = after listen");
  EXPECT_EQ(refusal("a = 1\na = 2\n"), "line 3: a occurs twice");
  EXPECT_EQ(refusal("a = \"open\nb = 1"), "line 1: a string without its closing quote");
  EXPECT_EQ(refusal("a = 1 2"), "line 1: unexpected text after the value of a");
  EXPECT_EQ(refusal("a = [1 2]"), "line 1: expected , or ] in a list");
  EXPECT_EQ(refusal("a = [1,"), "line 1: expected a value; text stands in \"quotes\"");
  EXPECT_EQ(refusal("a = \"\\u0041\""), "line 1: an escape other than \\\" \\\\ \\n \\t in a string");
}

}  // namespace
}  // namespace obleth
