#include "admin/json.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>

#include "admin/scalar_text.hpp"

namespace obleth::admin {
namespace {

Json parsed(std::string_view text) {
  const JsonOutcome json = parse_json(text);
  EXPECT_TRUE(json) << text << ": " << json.error();
  return json.value_or(Json());
}

TEST(Json, KeepsEveryValueAndTheSourceTextOfNumbers) {
  const std::string text =
      R"({"b":[true,false,null],"a":{"x":0.000003,"y":3e-06,"z":12345678901234567890123},"":"\u00e9\n"})";
  EXPECT_EQ(to_text(parsed(text)),
            R"({"b":[true,false,null],"a":{"x":0.000003,"y":3e-06,"z":12345678901234567890123},"":"é\n"})");
}

TEST(Json, RefusesWhatStandsTwiceInOneObject) {
  EXPECT_FALSE(parse_json(R"({"a":1,"a":2})"));
  EXPECT_TRUE(parse_json(R"([{"a":1},{"a":2}])"));
  EXPECT_NE(parse_json(R"({"x":{"a":1,"\u0061":2}})").error().find("\"a\""), std::string::npos);
}

// As large as objects may be.
std::string large_objects(std::size_t count, std::string_view last_name) {
  std::string list = "[";
  for (std::size_t object = 0; object < count; ++object) {
    list += object == 0 ? "{" : ",\n{";
    for (std::size_t member = 1; member < json_members_max; ++member)
      list.append("\"a").append(std::to_string(member)).append("\": 1,");
    list.append("\"").append(last_name).append("\": 1}");
  }
  return list + "]";
}

// Where each name is compared with each, this takes a minute.
TEST(Json, NamesOfLargeObjectsAreToldApart) {
  EXPECT_TRUE(parse_json(large_objects(40, "a0")));
  EXPECT_EQ(parse_yaml(large_objects(2, "a0")), parse_json(large_objects(2, "a0")));
  const std::string problem = "The member \"a1\" stands twice in one object: keep one of them.";
  EXPECT_EQ(parse_json(large_objects(1, "a1")).error(), problem);
  EXPECT_EQ(parse_yaml(large_objects(1, "a1")).error(), problem);
}

TEST(Json, RefusesBrokenDocuments) {
  for (const char* text : {"", "{", "{}x", "[1,]", "nul", "{\"a\":01}", "\"\x80\"", "{'a':1}", "// c\n{}"})
    EXPECT_FALSE(parse_json(text)) << text;
  EXPECT_FALSE(parse_json(std::string(100, '[') + std::string(100, ']')));
}

TEST(Json, YamlMeansTheSameDocument) {
  const JsonOutcome yaml =
      parse_yaml("a: 1\nb: [true, no, ~, 0.25]\nc: {d: \"12\", e: 2026-11-01T00:00:00Z}\nf: |\n  x\n");
  ASSERT_TRUE(yaml) << yaml.error();
  EXPECT_EQ(to_text(*yaml), R"({"a":1,"b":[true,"no",null,0.25],"c":{"d":"12","e":"2026-11-01T00:00:00Z"},"f":"x\n"})");
  EXPECT_EQ(parse_yaml("[!!str 5, !!str true, ! ~, !!int 5]"), parse_json(R"(["5","true","~",5])"));
  EXPECT_FALSE(parse_yaml("a: 1\na: 2\n"));
  EXPECT_FALSE(parse_yaml("a: [1\n"));
}

TEST(Json, YamlIsOneDocument) {
  for (const char* one : {"---\na: 1\n", "a: 1\n...\n", "# why\n---\na: 1\n...\n", "a: 1"}) {
    const JsonOutcome json = parse_yaml(one);
    ASSERT_TRUE(json) << one << json.error();
    EXPECT_EQ(to_text(*json), R"({"a":1})") << one;
  }
  EXPECT_EQ(parse_yaml("---\na: 1\n---\nb: 2\n").error(), "The file holds more than one document: send one at a time.");
  EXPECT_EQ(parse_yaml(""), Json());
}

TEST(Json, YamlBombIsRefusedInsteadOfExpanded) {
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int level = 1; level < 12; ++level) {
    const std::string before = "*a" + std::to_string(level - 1);
    bomb += "a" + std::to_string(level) + ": &a" + std::to_string(level) + " [";
    for (int copy = 0; copy < 10; ++copy)
      bomb += before + (copy < 9 ? "," : "]\n");
  }
  EXPECT_FALSE(parse_yaml(bomb));
}

TEST(Json, YamlAliasesOfALongTextAreRefusedInsteadOfCopied) {
  const std::string text(1 << 20, 'x');
  const auto aliases = [](std::size_t count) {
    std::string all;
    for (std::size_t at = 0; at < count; ++at)
      all += ", *a";
    return all + "]\n";
  };
  EXPECT_TRUE(parse_yaml("a: [&a " + text + aliases(8)));
  EXPECT_FALSE(parse_yaml("a: [&a " + text + aliases(100)));
  EXPECT_FALSE(parse_yaml("a: [&a {" + text + ": 1}" + aliases(100)));
}

TEST(Json, WrittenYamlReadsBackAsItWas) {
  const Json json =
      parsed(R"({"a":"12","b":"true","c":"null","d":"","e":[],"f":{},"g":[{"h":null,"i":0.5}],"j":"a: b\nc"})");
  const JsonOutcome back = parse_yaml(to_yaml(json));
  ASSERT_TRUE(back) << back.error() << to_yaml(json);
  EXPECT_EQ(to_text(*back), to_text(json)) << to_yaml(json);
}

// Of characters that some reader of YAML takes for something else.
std::string odd_text(std::mt19937& random) {
  constexpr std::array<std::string_view, 36> odd{
      " ", ":",  "#", "-",    ",",    "\"",     "'",      "\\",     "\n",     "\r",     "\t",     "a",
      "y", "no", "1", "~",    "=",    ".",      "[",      "{",      "&",      "*",      "!",      "|",
      ">", "%",  "@", "\x01", "\x7F", "\u0085", "\u00A0", "\u2028", "\u2029", "\uFEFF", "\uFFFE", "\U0001F600"};
  std::string text;
  for (std::size_t left = random() % 6; left > 0; --left)
    text += odd[random() % odd.size()];
  return text;
}

TEST(Json, AnyTextThatIsWrittenAsYamlReadsBackAsItWas) {
  std::mt19937 random(7);
  for (int round = 0; round < 20'000; ++round) {
    const std::string text = odd_text(random);
    const Json json = Json::object({{"a", text}, {"b" + text, Json::list({text, Json::list({text})})}});
    const std::string yaml = to_yaml(json);
    ASSERT_EQ(parse_yaml(yaml).value_or(Json()), json) << yaml;
    ASSERT_TRUE(std::ranges::none_of(yaml, [](unsigned char c) { return (c < ' ' && c != '\n') || c == 0x7F; }))
        << yaml;
  }
  EXPECT_EQ(to_yaml(Json::object({{"a", "\u2028\u0085\uFEFF\r\n\x01 \u00E9"}})),
            "a: \"\\u2028\\x85\\uFEFF\\r\\n\\x01 \u00E9\"\n");
  EXPECT_FALSE(parse_yaml("a: \xff\n"));
}

TEST(ScalarText, NumbersAreExactOrRefused) {
  EXPECT_EQ(scaled_integer("0.25", 3), 250);
  EXPECT_EQ(scaled_integer("2.5e1", 0), 25);
  EXPECT_EQ(scaled_integer("1.000", 0), 1);
  EXPECT_EQ(scaled_integer("-3", 0), -3);
  EXPECT_EQ(scaled_integer("0e999", 0), std::nullopt);
  EXPECT_EQ(scaled_integer("9223372036854775807", 0), 9223372036854775807);
  for (const char* text : {"0.0001", "9223372036854775808", "1e30", "", "1.", ".5", "+1", "1 ", "0x1", "1e"})
    EXPECT_EQ(scaled_integer(text, 3), std::nullopt) << text;
  EXPECT_EQ(scaled_text(250, 3), "0.25");
  EXPECT_EQ(scaled_text(4000, 3), "4");
  EXPECT_EQ(scaled_text(1, 3), "0.001");
  EXPECT_EQ(scaled_text(0, 3), "0");
}

TEST(ScalarText, MomentsAreReadInAnyOffsetAndToldInUtc) {
  EXPECT_EQ(wall_time_from_rfc3339("1970-01-01T00:00:00Z"), WallTime{0});
  EXPECT_EQ(wall_time_from_rfc3339("2026-11-01T02:30:00+02:30"), WallTime{1793491200000});
  EXPECT_EQ(to_rfc3339(WallTime{1793491200000}), "2026-11-01T00:00:00Z");
  EXPECT_EQ(to_rfc3339(WallTime{1793491200007}), "2026-11-01T00:00:00.007Z");
  EXPECT_EQ(wall_time_from_rfc3339("2026-11-01T00:00:00.0070Z"), WallTime{1793491200007});
  EXPECT_EQ(wall_time_from_rfc3339("2024-02-29T23:59:59z"), WallTime{1709251199000});
  for (const char* text : {"2026-11-01", "2026-11-01T00:00:00", "2026-13-01T00:00:00Z", "2025-02-29T00:00:00Z",
                           "2026-11-01T24:00:00Z", "2026-11-01T00:00:00.Z", "2026-11-01T00:00:00+24:00", "now", "",
                           "1969-12-31T23:59:59Z", "1970-01-01T00:00:00+01:00", "2026-11-01T00:00:00Zx"})
    EXPECT_EQ(wall_time_from_rfc3339(text), std::nullopt) << text;
}

TEST(ScalarText, WhatIsFinerThanAMillisecondIsLeftOut) {
  for (const char* text : {"2026-11-01T00:00:00.007999+00:00", "2026-11-01T00:00:00.007123456Z",
                           "2026-11-01T00:00:00.00700000000000000000000001Z"})
    EXPECT_EQ(wall_time_from_rfc3339(text), WallTime{1793491200007}) << text;
  EXPECT_EQ(wall_time_from_rfc3339("2026-11-01T00:00:00.0001Z"), WallTime{1793491200000});
}

}  // namespace
}  // namespace obleth::admin
