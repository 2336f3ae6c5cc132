#include "wire/text_measure.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace obleth::wire {
namespace {

// Words, numbers, capitals inside words and everything else of ASCII, the same in every run.
std::string mixed_text(std::size_t bytes, std::uint64_t seed) {
  constexpr std::string_view alphabet = "abcdefghijklmABCDEFGHIJ0123456789      .,;:!?@[`{~";
  std::string text;
  while (text.size() < bytes) {
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    text += alphabet[(seed >> 33) % alphabet.size()];
  }
  return text;
}

// The same characters as escapes, which are looked at one by one.
std::string escaped(std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  std::string made;
  for (const char c : text)
    made.append("\\u00").append(1, hex[static_cast<unsigned char>(c) >> 4]).append(1, hex[c & 15]);
  return made;
}

TextMeasure measured(std::string_view raw) {
  TextMeasure measure;
  EXPECT_TRUE(TextCounter(measure).count(raw));
  return measure;
}

TEST(TextMeasure, ManyBytesAtATimeCountWhatOneByOneCounts) {
  for (std::size_t bytes = 0; bytes < 100; ++bytes) {
    const std::string text = mixed_text(bytes, bytes);
    EXPECT_EQ(measured(text), measured(escaped(text))) << text;
  }
}

TEST(TextMeasure, LongTextsDoNotOverflowALane) {
  for (const std::size_t bytes : {std::size_t{16} * 255, std::size_t{16} * 256 + 1, std::size_t{16} * 1000 + 7}) {
    const std::string letters(bytes, 'a');
    EXPECT_EQ(measured(letters).letters, static_cast<std::int64_t>(bytes));
    EXPECT_EQ(measured(letters).words, 1);
    const std::string text = mixed_text(bytes, 7);
    EXPECT_EQ(measured(text), measured(escaped(text)));
  }
}

TEST(TextMeasure, AWordGoesOnAcrossWhatInterruptsTheBytes) {
  const std::string plain = mixed_text(40, 3);
  const std::string other = mixed_text(50, 4);
  const std::string text = plain + "\\n" + other + "\xC3\xA9" + plain + "\\u0041" + other;
  const std::string one_by_one =
      escaped(plain) + "\\n" + escaped(other) + "\\u00e9" + escaped(plain) + "\\u0041" + escaped(other);
  EXPECT_EQ(measured(text), measured(one_by_one));
}

TEST(TextMeasure, RunsCountWhereTheyBegin) {
  const TextMeasure measure = measured(R"(a  1234.56 ({[ -x\n\n\n  y)");
  EXPECT_EQ(measure.words, 3);
  EXPECT_EQ(measure.digits, 6);
  EXPECT_EQ(measure.numbers, 2);
  EXPECT_EQ(measure.space_runs, 4);
  EXPECT_EQ(measure.line_runs, 1);
  EXPECT_EQ(measure.punctuation, 5);
  EXPECT_EQ(measure.punctuation_runs, 3);
}

}  // namespace
}  // namespace obleth::wire
