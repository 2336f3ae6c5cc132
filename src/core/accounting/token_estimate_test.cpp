// The estimate against real vocabularies: measured texts and the tokens that two vocabularies make of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "core/accounting/token_estimate.hpp"

namespace obleth::accounting {
namespace {

struct Characters {
  std::int64_t letters, words, digits, numbers, space_runs, line_runs, punctuation, punctuation_runs, wide, narrow;
};

struct Sample {
  std::string_view kind;
  Characters characters;
  std::int64_t o200k;
  std::int64_t cl100k;
};

// Drawn at random from manuals, licences and READMEs; Python, C++, JavaScript, Rust and C; Chinese, Japanese and Korean
// books, manuals and messages; package descriptions and API records. The end-to-end tests count with the vocabularies.
constexpr Sample samples[] = {
    {"english", {45, 13, 12, 4, 13, 8, 3, 3, 0, 0}, 35, 35},
    {"english", {179, 35, 0, 0, 35, 4, 2, 2, 0, 0}, 46, 46},
    {"english", {1385, 305, 0, 0, 250, 26, 107, 82, 12, 0}, 452, 450},
    {"english", {192, 34, 0, 0, 34, 0, 6, 5, 0, 0}, 41, 41},
    {"english", {1024, 234, 4, 3, 228, 24, 117, 104, 0, 0}, 374, 373},
    {"english", {510, 107, 33, 12, 107, 19, 180, 47, 0, 0}, 212, 215},
    {"english", {28, 6, 0, 0, 6, 2, 3, 3, 0, 0}, 9, 9},
    {"english", {43, 8, 0, 0, 5, 2, 4, 4, 0, 0}, 14, 13},
    {"english", {399, 86, 0, 0, 75, 6, 23, 23, 0, 0}, 106, 106},
    {"english", {307, 70, 0, 0, 66, 2, 12, 12, 0, 0}, 79, 79},
    {"code", {103, 24, 1, 1, 22, 2, 23, 18, 0, 5}, 51, 57},
    {"code", {200, 41, 0, 0, 19, 7, 23, 20, 0, 0}, 70, 71},
    {"code", {277, 61, 14, 8, 37, 10, 80, 67, 0, 0}, 116, 115},
    {"code", {34, 5, 0, 0, 8, 3, 11, 8, 0, 0}, 21, 22},
    {"code", {419, 76, 7, 7, 37, 14, 108, 83, 0, 0}, 177, 178},
    {"code", {29, 6, 0, 0, 2, 0, 9, 6, 0, 0}, 13, 13},
    {"code", {690, 204, 163, 67, 99, 34, 403, 228, 0, 0}, 515, 511},
    {"code", {1746, 387, 33, 26, 221, 60, 491, 302, 0, 20}, 684, 681},
    {"code", {253, 49, 0, 0, 52, 9, 23, 22, 0, 0}, 78, 78},
    {"code", {1209, 232, 24, 12, 198, 54, 257, 184, 0, 0}, 424, 429},
    {"CJK", {25, 5, 0, 0, 7, 2, 0, 0, 95, 0}, 68, 95},
    {"CJK", {32, 5, 0, 0, 2, 2, 4, 2, 81, 0}, 75, 94},
    {"CJK", {23, 5, 0, 0, 2, 2, 0, 0, 55, 0}, 45, 61},
    {"CJK", {50, 11, 0, 0, 16, 5, 4, 2, 152, 0}, 126, 168},
    {"CJK", {29, 14, 16, 7, 39, 10, 22, 21, 76, 0}, 104, 143},
    {"CJK", {20, 3, 0, 0, 2, 0, 2, 1, 32, 0}, 27, 35},
    {"CJK", {44, 12, 0, 0, 10, 4, 2, 2, 75, 0}, 73, 86},
    {"CJK", {5, 1, 0, 0, 3, 3, 0, 0, 52, 0}, 35, 51},
    {"CJK", {314, 63, 0, 0, 61, 1, 9, 9, 0, 0}, 75, 75},
    {"CJK", {6, 1, 0, 0, 12, 0, 1, 1, 36, 0}, 30, 43},
    {"JSON", {278, 62, 29, 11, 69, 25, 109, 78, 0, 0}, 182, 182},
    {"JSON", {217, 40, 8, 1, 38, 4, 30, 20, 0, 0}, 70, 69},
    {"JSON", {481, 95, 9, 9, 80, 55, 293, 181, 0, 0}, 344, 343},
    {"JSON", {195, 42, 55, 22, 32, 0, 65, 49, 0, 0}, 120, 119},
    {"JSON", {249, 48, 57, 21, 63, 30, 97, 72, 0, 0}, 193, 191},
    {"JSON", {132, 25, 14, 5, 5, 0, 67, 24, 0, 0}, 60, 57},
    {"JSON", {109, 22, 0, 0, 30, 0, 72, 45, 24, 0}, 94, 100},
    {"JSON", {98, 15, 0, 0, 4, 0, 22, 18, 0, 0}, 37, 38},
    {"JSON", {69, 14, 0, 0, 12, 0, 35, 19, 0, 0}, 35, 35},
    {"JSON", {79, 24, 20, 12, 11, 6, 35, 27, 0, 0}, 66, 66},
};

std::int64_t estimate(const Characters& characters) {
  TextMeasure text;
  text.letters = characters.letters;
  text.words = characters.words;
  text.digits = characters.digits;
  text.numbers = characters.numbers;
  text.space_runs = characters.space_runs;
  text.line_runs = characters.line_runs;
  text.punctuation = characters.punctuation;
  text.punctuation_runs = characters.punctuation_runs;
  text.wide_characters = characters.wide;
  text.narrow_characters = characters.narrow;
  return estimate_prompt_tokens(text, 765);
}

TEST(TokenEstimate, TheMedianErrorIsAtMostFifteenPercentForEveryKindOfText) {
  for (const std::string_view kind : {"english", "code", "CJK", "JSON"}) {
    for (const auto vocabulary : {&Sample::o200k, &Sample::cl100k}) {
      std::vector<std::int64_t> errors_percent;
      for (const Sample& sample : samples) {
        if (sample.kind != kind) continue;
        const std::int64_t truth = sample.*vocabulary;
        errors_percent.push_back(std::abs(estimate(sample.characters) - truth) * 100 / truth);
      }
      std::ranges::sort(errors_percent);
      EXPECT_LE(errors_percent.at(errors_percent.size() / 2), 15) << kind;
    }
  }
}

}  // namespace
}  // namespace obleth::accounting
