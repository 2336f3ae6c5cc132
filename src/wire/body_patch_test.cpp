#include <gtest/gtest.h>

#include <random>

#include "wire/json_cursor.hpp"
#include "wire/request_body.hpp"

namespace obleth::wire {
namespace {

std::string patched(std::string_view body, const BodyPatch& patch, Dialect dialect = Dialect::chat) {
  const BodyOutcome outcome = read_request_body(body, dialect);
  if (!std::holds_alternative<RequestFields>(outcome)) return "refused: " + std::get<BodyFault>(outcome).message;
  const PatchedBody leaving(body, std::get<RequestFields>(outcome), patch);
  EXPECT_EQ(leaving.joined().size(), leaving.size());
  return leaving.joined();
}

BodyPatch cap(std::int64_t tokens) {
  return {.model = {}, .output_cap = tokens};
}
BodyPatch usage() {
  return {.model = {}, .output_cap = {}, .include_usage = true};
}

TEST(BodyPatch, NothingToChangeIsTheSameBytes) {
  const std::string body = " {\"model\" : \"m\",\t\"x\":1.50e+3, \"é\":\"\\u00e9\"}\r\n";
  EXPECT_EQ(patched(body, {}), body);
  EXPECT_EQ(patched(body, {.model = "m", .output_cap = {}}), body);
}

TEST(BodyPatch, TheModelIsReplacedInPlace) {
  EXPECT_EQ(patched(R"({"a":1, "model" : "m" ,"b":2})", {.model = "org/\"x\"", .output_cap = {}}),
            R"({"a":1, "model" : "org/\"x\"" ,"b":2})");
}

TEST(BodyPatch, EveryCapPresentIsLoweredAndNoneIsRaised) {
  EXPECT_EQ(patched(R"({"max_tokens":1000,"max_completion_tokens": 900 ,"min_tokens":500})", cap(256)),
            R"({"max_tokens":256,"max_completion_tokens": 256 ,"min_tokens":256})");
  EXPECT_EQ(patched(R"({"max_tokens":10,"max_completion_tokens":900,"min_tokens":2})", cap(256)),
            R"({"max_tokens":10,"max_completion_tokens":256,"min_tokens":2})");
  EXPECT_EQ(patched(R"({"max_tokens":null})", cap(256)), R"({"max_tokens":256})");
}

TEST(BodyPatch, ACapIsAddedWhereThereIsNone) {
  EXPECT_EQ(patched(R"({"model":"m"})", cap(256)), R"({"max_tokens":256,"model":"m"})");
  EXPECT_EQ(patched("{ }", {.model = {}, .output_cap = 9, .cap_name = "max_completion_tokens"}),
            R"({"max_completion_tokens":9 })");
}

TEST(BodyPatch, UsageIsAskedForInEveryShapeOfStreamOptions) {
  EXPECT_EQ(patched(R"({"stream":true})", usage()), R"({"stream_options":{"include_usage":true},"stream":true})");
  EXPECT_EQ(patched(R"({"stream":true,"stream_options":null})", usage()),
            R"({"stream":true,"stream_options":{"include_usage":true}})");
  EXPECT_EQ(patched(R"({"stream":true,"stream_options":{ }})", usage()),
            R"({"stream":true,"stream_options":{"include_usage":true }})");
  EXPECT_EQ(patched(R"({"stream":true,"stream_options":{"a":1}})", usage()),
            R"({"stream":true,"stream_options":{"include_usage":true,"a":1}})");
  EXPECT_EQ(patched(R"({"stream_options":{"a":1, "include_usage" : false},"stream":true})", usage()),
            R"({"stream_options":{"a":1, "include_usage" : true},"stream":true})");
  EXPECT_EQ(patched(R"({"stream_options":{"include_usage":null},"stream":true})", usage()),
            R"({"stream_options":{"include_usage":true},"stream":true})");
}

TEST(BodyPatch, UsageIsNotAskedForTwiceNorOutsideAStream) {
  const std::string asked = R"({"stream":true,"stream_options":{"include_usage":true}})";
  EXPECT_EQ(patched(asked, usage()), asked);
  for (const std::string body : {R"({"stream":false})", R"({"stream":null})", R"({"model":"m"})"}) {
    EXPECT_EQ(patched(body, usage()), body);
  }
}

TEST(BodyPatch, PriorityIsCutOutWithOneComma) {
  EXPECT_EQ(patched(R"({"a":1,"priority":5,"b":2})", {}), R"({"a":1,"b":2})");
  EXPECT_EQ(patched(R"({"priority":{"x":[1,2]},"b":2})", {}), R"({"b":2})");
  EXPECT_EQ(patched(R"({"a":1 , "priority" : -5 })", {}), R"({"a":1  })");
  EXPECT_EQ(patched(R"({"prior\u0069ty":5})", {}), "{}");
  EXPECT_EQ(patched(R"({ "priority":5 , "b":2 })", {}), R"({  "b":2 })");
  EXPECT_EQ(patched(R"({"priority":5})", cap(3)), R"({"max_tokens":3})");
  EXPECT_EQ(patched(R"({"priority":5,"a":1})", cap(3)), R"({"max_tokens":3,"a":1})");
  const std::string body = R"({"a":1,"priority":5})";
  EXPECT_EQ(patched(body, {.model = {}, .output_cap = {}, .remove_priority = false}), body);
}

// ---- over random documents: what is not patched arrives byte for byte
// ------------------------------------------------

class RandomBody {
 public:
  explicit RandomBody(std::uint32_t seed) : random_(seed) {}

  std::string make() {
    std::vector<std::string> members;
    const auto maybe = [&](std::string member) {
      if (pick(2) == 0) members.push_back(std::move(member));
    };
    maybe(key("model") + string());
    maybe(key("stream") + (pick(3) > 0 ? "true" : "false"));
    maybe(key("max_tokens") + (pick(4) == 0 ? "null" : std::to_string(1 + pick(5000))));
    maybe(key("max_completion_tokens") + std::to_string(1 + pick(5000)));
    maybe(key("min_tokens") + std::to_string(pick(5000)));
    maybe(key("priority") + value(2));
    maybe(key("stream_options") + stream_options());
    maybe(key("messages") + "[{\"role\":\"user\"," + space() + "\"content\":" + string() + "}]");
    for (int other = pick(4); other > 0; --other)
      members.push_back(key("x" + std::to_string(other)) + value(4));
    std::ranges::shuffle(members, random_);
    return space() + "{" + space() + join(members) + space() + "}" + space();
  }

  int pick(int bound) { return static_cast<int>(random_() % static_cast<unsigned>(bound)); }

 private:
  static std::string join(const std::vector<std::string>& members) {
    std::string joined;
    for (const std::string& member : members)
      joined += (joined.empty() ? "" : ",") + member;
    return joined;
  }
  std::string space() { return std::string(static_cast<std::size_t>(pick(3)), " \n\t\r"[pick(4)]); }
  std::string key(const std::string& name) {
    std::string text = name;
    if (pick(8) == 0)
      text = "\\u00" + std::string(1, "0123456789abcdef"[name[0] >> 4]) +
             std::string(1, "0123456789abcdef"[name[0] & 15]) + name.substr(1);
    return space() + "\"" + text + "\"" + space() + ":" + space();
  }
  std::string stream_options() {
    switch (pick(5)) {
      case 0:
        return "null" + space();
      case 1:
        return "{" + space() + "}";
      case 2:
        return "{" + space() + "\"include_usage\":" + (pick(2) == 0 ? "false" : "null") + space() + "}";
      case 3:
        return "{\"include_usage\":true}";
      default:
        return "{" + key("other") + value(1) + "}";
    }
  }
  std::string string() {
    static constexpr std::string_view pieces[] = {
        "a", "Zz9", " ", "\\n", "\\\"", "\\\\", "\\u00e9", "\xE4\xB8\xAD", "\xC3\xA9", "{", "}", ",", ":", "]"};
    std::string text = "\"s";
    for (int left = pick(12); left > 0; --left)
      text += pieces[pick(std::size(pieces))];
    return text + '"';
  }
  std::string value(int depth) {
    static constexpr std::string_view scalars[] = {"0",    "-1.50", "1E+2", "123456789012345678901",
                                                   "true", "false", "null"};
    const int shape = pick(depth > 0 ? 4 : 2);
    if (shape == 0) return std::string(scalars[pick(std::size(scalars))]) + space();
    if (shape == 1) return string();
    std::string inside = space();
    for (int left = pick(4); left > 0; --left) {
      inside += (shape == 2 ? key("k" + std::to_string(left)) : "") + value(depth - 1) + (left > 1 ? "," : "");
    }
    return shape == 2 ? "{" + inside + "}" : "[" + inside + "]";
  }

  std::mt19937 random_;
};

// Top-level members as (meaning of the key, text of the value).
std::vector<std::pair<std::string, std::string>> members_of(std::string_view body) {
  std::vector<std::pair<std::string, std::string>> members;
  JsonCursor cursor(body);
  const bool whole = cursor.take_object([&](const JsonString& key) {
    std::string name;
    EXPECT_TRUE(key.unescape(name));
    cursor.peek();
    const std::size_t begin = cursor.position();
    const bool skipped = cursor.skip_value();
    members.emplace_back(name, cursor.since(begin));
    return skipped;
  });
  EXPECT_TRUE(whole && cursor.at_end()) << body;
  return members;
}

// What the patch should do to one member; the member is absent where it is cut.
std::optional<std::string> expected_value(const std::string& name, const std::string& value, const BodyPatch& patch,
                                          bool stream) {
  if (name == "priority") return std::nullopt;
  if (name == "model" && patch.model) return "\"" + *patch.model + "\"";
  const bool capped = name == "max_tokens" || name == "max_completion_tokens" || name == "min_tokens";
  if (capped && patch.output_cap && (value == "null" || std::stoll(value) > *patch.output_cap)) {
    return std::to_string(*patch.output_cap);
  }
  if (name == "stream_options" && patch.include_usage && stream) return "asks for usage";
  return value;
}

TEST(BodyPatch, WhatIsNotPatchedArrivesByteForByte) {
  for (std::uint32_t seed = 0; seed < 20'000; ++seed) {
    RandomBody random(seed);
    const std::string body = random.make();
    BodyPatch patch;
    if (random.pick(2) == 0) patch.model = "upstream";
    if (random.pick(2) == 0) patch.output_cap = 1 + random.pick(4000);
    patch.include_usage = random.pick(2) == 0;
    const BodyOutcome outcome = read_request_body(body, Dialect::chat);
    ASSERT_TRUE(std::holds_alternative<RequestFields>(outcome)) << std::get<BodyFault>(outcome).message << body;
    const RequestFields& fields = std::get<RequestFields>(outcome);

    std::vector<std::pair<std::string, std::string>> expected;
    if (patch.output_cap && fields.caps.empty()) expected.emplace_back("max_tokens", std::to_string(*patch.output_cap));
    const bool ask = patch.include_usage && fields.stream;
    if (ask && fields.stream_options_value.length == 0) expected.emplace_back("stream_options", "asks for usage");
    for (const auto& [name, value] : members_of(body)) {
      if (auto kept = expected_value(name, value, patch, fields.stream)) expected.emplace_back(name, *kept);
    }

    auto got = members_of(patched(body, patch));
    for (auto& [name, value] : got) {
      if (name != "stream_options" || !ask) continue;
      const BodyOutcome again = read_request_body("{\"stream_options\":" + value + "}", Dialect::chat);
      ASSERT_TRUE(std::holds_alternative<RequestFields>(again)) << value;
      EXPECT_TRUE(std::get<RequestFields>(again).asks_usage) << value;
      value = "asks for usage";
    }
    ASSERT_EQ(got, expected) << "seed " << seed << "\n" << body << "\n" << patched(body, patch);
  }
}

}  // namespace
}  // namespace obleth::wire
