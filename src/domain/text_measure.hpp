// How much text a request holds, by class of character: what a token estimate is made from.
//
// Filled by wire/request_body, read by core/accounting. Integers, never negative.
#pragma once

#include <cstdint>
#include <initializer_list>

#include "domain/tokens.hpp"

namespace obleth {

// Characters by class, for the token estimate (core/accounting). Counted over the text that the model will read. Runs
// count where they begin: vocabularies hold whole words, and runs of white space and of punctuation.
struct TextMeasure {
  std::int64_t letters = 0;  // ASCII letters
  std::int64_t words = 0;    // runs of ASCII letters; "camelCase" is two
  std::int64_t digits = 0;
  std::int64_t numbers = 0;     // runs of digits
  std::int64_t space_runs = 0;  // of any white space
  std::int64_t line_runs = 0;   // of newlines
  std::int64_t punctuation = 0;
  std::int64_t punctuation_runs = 0;
  std::int64_t wide_characters = 0;    // CJK, kana, hangul, other scripts beyond U+07FF
  std::int64_t narrow_characters = 0;  // U+0080 – U+07FF
  std::int64_t token_ids = 0;          // prompts given as token ids
  std::int64_t media_parts = 0;        // images, audio
  std::int64_t messages = 0;
  bool operator==(const TextMeasure&) const = default;
};

// Text that is read several times.
constexpr void add_times(TextMeasure& sum, const TextMeasure& text, std::int64_t times) {
  for (const auto part :
       {&TextMeasure::letters, &TextMeasure::words, &TextMeasure::digits, &TextMeasure::numbers,
        &TextMeasure::space_runs, &TextMeasure::line_runs, &TextMeasure::punctuation, &TextMeasure::punctuation_runs,
        &TextMeasure::wide_characters, &TextMeasure::narrow_characters, &TextMeasure::token_ids,
        &TextMeasure::media_parts, &TextMeasure::messages}) {
    sum.*part = saturating_add(sum.*part, saturating_multiply(text.*part, times));
  }
}

}  // namespace obleth
