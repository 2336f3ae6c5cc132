// The estimate against a real vocabulary: measured texts and the tokens that o200k_base makes of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "core/accounting/token_estimate.hpp"

namespace obleth::accounting {
namespace {

struct Characters {
  std::int64_t letters, words, digits, spaces, newlines, punctuation, wide, narrow;
};

struct Sample {
  std::string_view kind;
  Characters characters;
  std::int64_t tokens;
};

// Drawn at random from licences and READMEs, Python, C++ and JavaScript sources, Chinese, Japanese and Korean messages
// and documentation, and JSON schemas and service descriptions.
constexpr Sample samples[] = {
    {"english", {3047, 631, 58, 650, 73, 245, 0, 0}, 977},
    {"english", {368, 86, 10, 78, 15, 44, 0, 0}, 141},
    {"english", {1178, 247, 25, 253, 31, 44, 0, 0}, 328},
    {"english", {345, 64, 0, 132, 9, 23, 0, 0}, 103},
    {"english", {164, 30, 4, 31, 3, 1, 0, 0}, 37},
    {"english", {141, 30, 7, 33, 4, 19, 0, 0}, 59},
    {"english", {160, 31, 0, 33, 4, 7, 0, 0}, 45},
    {"english", {93, 18, 1, 17, 5, 89, 0, 0}, 33},
    {"code", {249, 63, 6, 152, 19, 93, 0, 0}, 137},
    {"code", {325, 53, 7, 110, 12, 58, 0, 0}, 124},
    {"code", {807, 167, 2, 491, 48, 200, 0, 0}, 331},
    {"code", {1969, 476, 42, 1376, 118, 613, 0, 0}, 1091},
    {"code", {2391, 557, 124, 1147, 95, 338, 0, 0}, 1013},
    {"code", {72, 14, 0, 19, 7, 109, 0, 0}, 35},
    {"code", {1888, 430, 36, 1585, 110, 491, 0, 0}, 918},
    {"code", {2294, 550, 34, 1262, 138, 410, 0, 0}, 1005},
    {"CJK", {5, 1, 0, 18, 6, 0, 177, 0}, 132},
    {"CJK", {14, 14, 3, 15, 7, 28, 140, 0}, 139},
    {"CJK", {410, 142, 32, 859, 135, 285, 2414, 0}, 2264},
    {"CJK", {209, 98, 4, 200, 64, 142, 945, 0}, 949},
    {"CJK", {16, 16, 0, 32, 14, 24, 128, 0}, 130},
    {"CJK", {57, 25, 4, 67, 8, 29, 43, 0}, 101},
    {"CJK", {797, 172, 1, 505, 137, 20, 2677, 0}, 2292},
    {"CJK", {115, 26, 1, 49, 45, 16, 1319, 0}, 1006},
    {"JSON", {1826, 288, 31, 1427, 143, 716, 0, 0}, 1112},
    {"JSON", {133, 26, 0, 13, 0, 54, 0, 0}, 50},
    {"JSON", {135, 23, 0, 0, 0, 65, 0, 0}, 52},
    {"JSON", {3029, 558, 18, 209, 0, 744, 0, 0}, 876},
    {"JSON", {798, 128, 5, 394, 82, 303, 0, 0}, 437},
    {"JSON", {54, 12, 0, 418, 8, 28, 0, 0}, 42},
    {"JSON", {173, 31, 0, 1238, 27, 89, 0, 0}, 119},
    {"JSON", {243, 57, 26, 0, 0, 231, 0, 0}, 215},
};

std::int64_t estimate(const Characters& characters) {
  TextMeasure text;
  text.letters = characters.letters;
  text.words = characters.words;
  text.digits = characters.digits;
  text.spaces = characters.spaces;
  text.newlines = characters.newlines;
  text.punctuation = characters.punctuation;
  text.wide_characters = characters.wide;
  text.narrow_characters = characters.narrow;
  return estimate_prompt_tokens(text, 765);
}

TEST(TokenEstimate, TheMedianErrorIsAtMostFifteenPercentForEveryKindOfText) {
  for (const std::string_view kind : {"english", "code", "CJK", "JSON"}) {
    std::vector<std::int64_t> errors_percent;
    for (const Sample& sample : samples) {
      if (sample.kind != kind) continue;
      errors_percent.push_back(std::abs(estimate(sample.characters) - sample.tokens) * 100 / sample.tokens);
    }
    std::ranges::sort(errors_percent);
    EXPECT_LE(errors_percent.at(errors_percent.size() / 2), 15) << kind;
  }
}

}  // namespace
}  // namespace obleth::accounting
