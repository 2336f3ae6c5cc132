// How much text a request holds, by class of character: what a token estimate is made from.
//
// Filled by wire/request_body, read by core/accounting. Integers, never negative.
#pragma once

#include <cstdint>

namespace obleth {

// Bytes by class, for the token estimate (core/accounting). Counted over the text that the model will read.
struct TextMeasure {
  std::int64_t letters = 0;  // ASCII letters
  std::int64_t words = 0;    // runs of ASCII letters; "camelCase" is two
  std::int64_t digits = 0;
  std::int64_t spaces = 0;    // white space, newlines included
  std::int64_t newlines = 0;  // of spaces
  std::int64_t punctuation = 0;
  std::int64_t wide_characters = 0;    // CJK, kana, hangul, other scripts beyond U+07FF
  std::int64_t narrow_characters = 0;  // U+0080 – U+07FF
  std::int64_t token_ids = 0;          // prompts given as token ids
  std::int64_t media_parts = 0;        // images, audio
  std::int64_t messages = 0;
  bool operator==(const TextMeasure&) const = default;
};

}  // namespace obleth
