#include "wire/plain_text.hpp"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>

#include "wire/json_text.hpp"
#include "wire/plain_rule_test.hpp"
#include "wire/text_measure.hpp"

namespace obleth::wire {
namespace {

struct RandomText {
  std::string raw;
  TextMeasure measure;
};

// Plain runs of any length, between them escapes and characters beyond ASCII, few or many.
RandomText random_text(std::mt19937& random) {
  constexpr std::string_view prose = "aaaaabcdefzAZMQ0019      .,;:!?@[`{~/";
  const struct {
    std::string_view raw;
    unsigned character;
  } others[] = {{R"(\n)", '\n'},          {R"(\t)", '\t'},
                {R"(\")", '"'},           {R"(\\)", '\\'},
                {R"(\u0041)", 'A'},       {"\xC3\xA9", 0xE9},
                {"\xE4\xBD\xA0", 0x4F60}, {R"(\ud83d\ude00)", 0x1F600},
                {R"(\/)", '/'},           {"\xF0\x9F\x98\x80", 0x1F600},
                {R"(\u0020)", ' '},       {R"(\u0037)", '7'}};
  RandomText made;
  PlainRule rule;
  const auto others_in_a_hundred = random() % 3 == 0 ? 40U : random() % 8;
  for (std::size_t left = random() % 300; left > 0; --left) {
    if (random() % 100 < others_in_a_hundred) {
      const auto& other = others[random() % std::size(others)];
      made.raw += other.raw;
      rule.add(other.character);
    } else {
      const char any = static_cast<char>(' ' + random() % 0x60);
      const char plain = random() % 4 == 0 && is_plain(any) ? any : prose[random() % prose.size()];
      made.raw += plain;
      rule.add(static_cast<unsigned char>(plain));
    }
  }
  made.measure = rule.measure;
  return made;
}

TEST(PlainText, CountsWhatTheRuleCounts) {
  std::mt19937 random(11);
  for (int round = 0; round < 3'000; ++round) {
    const RandomText text = random_text(random);
    const std::string exact(text.raw);  // of exactly this size, so that a read past its end is seen
    TextMeasure measure;
    EXPECT_TRUE(TextCounter(measure).count(exact));
    ASSERT_EQ(measure, text.measure) << text.raw;
  }
}

TEST(PlainText, WhatIsNotUtf8IsRefused) {
  constexpr std::string_view bytes =
      "a\x7F\x80\x8F\x90\x9F\xA0\xBF\xC0\xC1\xC2\xDF\xE0\xE1\xEC\xED\xEE\xEF\xF0\xF4\xF5\xFF";
  std::mt19937 random(15);
  int accepted = 0;
  for (int round = 0; round < 50'000; ++round) {
    std::string raw;
    for (std::size_t left = random() % 6; left > 0; --left)
      raw += bytes[random() % bytes.size()];
    TextMeasure measure;
    std::string meaning;
    const bool is_utf8 = JsonString{raw, false}.unescape(meaning);
    ASSERT_EQ(TextCounter(measure).count(raw), is_utf8);
    accepted += is_utf8 ? 1 : 0;
  }
  EXPECT_GT(accepted, 5'000);
}

// White space outside of strings is not shown to a model; everything else of a schema is, character by character.
TEST(PlainText, JsonCountsAsItIsWrittenWithoutItsWhiteSpace) {
  std::mt19937 random(14);
  for (int round = 0; round < 2'000; ++round) {
    std::string json = "[";
    PlainRule rule;
    rule.add('[');
    const auto add = [&](std::string_view bytes) {
      json += bytes;
      for (const char byte : bytes)
        rule.add(static_cast<unsigned char>(byte));
    };
    const auto add_space = [&] {
      json += std::array<std::string_view, 6>{"", "", "", " ", "\n   ", "\t\r\n"}[random() % 6];
    };
    for (std::size_t left = random() % 20; left > 0; --left) {
      add_space();
      switch (random() % 4) {
        case 0:
          add(R"("get_weather, or  so: {x} [1]")");
          break;
        case 1:
          add("-12.5e3");
          break;
        case 2:
          json += R"("say \"Hi\"\n\\ \u00e9\u0041")";
          for (const unsigned character : std::initializer_list<unsigned>{'"', 's', 'a', 'y', ' ', '"', 'H', 'i', '"',
                                                                          '\n', '\\', ' ', 0xE9, 'A', '"'})
            rule.add(character);
          break;
        default:
          add(R"({"a":true,"location":null})");
      }
      add_space();
      add(",");
    }
    add("0]");
    TextMeasure measure;
    ASSERT_TRUE(measure_json(json, measure));
    ASSERT_EQ(measure, rule.measure) << json;
  }
}

// As a body is read: its plain beginning first, what is left of it then; and with that beginning cut anywhere.
TEST(PlainText, ATextInPartsCountsAsOne) {
  std::mt19937 random(12);
  for (int round = 0; round < 300; ++round) {
    const RandomText text = random_text(random);
    for (std::size_t cut = 0; cut <= text.raw.size(); ++cut) {
      TextMeasure measure;
      {
        TextCounter counter(measure);
        const std::size_t plain = counter.count_plain(std::string_view(text.raw).substr(0, cut));
        EXPECT_TRUE(counter.count(std::string_view(text.raw).substr(plain)));
      }
      ASSERT_EQ(measure, text.measure) << text.raw << " cut at " << cut;
    }
  }
}

TEST(PlainText, MachinesWithoutWideVectorsCountTheSame) {
  std::mt19937 random(13);
  for (int round = 0; round < 3'000; ++round) {
    std::string text;
    for (std::size_t left = random() % (round % 100 == 0 ? 20'000 : 200); left > 0; --left)
      text += static_cast<char>(random() % 64 == 0 ? random() : ' ' + random() % 0x5F);
    PlainText wide;
    PlainText narrow;
    std::size_t by_wide = 0;
    std::size_t by_narrow = 0;
    while (by_wide < text.size() && is_plain(text[by_wide]))
      by_wide += wide.count(std::string_view(text).substr(by_wide));
    while (by_narrow < text.size() && is_plain(text[by_narrow]))
      by_narrow += narrow.count_by_half_vectors(std::string_view(text).substr(by_narrow));
    TextMeasure of_wide;
    TextMeasure of_narrow;
    EXPECT_EQ(wide.before(), narrow.before());
    wide.add_to(of_wide);
    narrow.add_to(of_narrow);
    ASSERT_EQ(by_wide, by_narrow) << text;
    ASSERT_EQ(of_wide, of_narrow) << text;
  }
}

}  // namespace
}  // namespace obleth::wire
