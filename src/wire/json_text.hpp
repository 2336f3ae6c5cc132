// The inside of a JSON string: its characters, and its meaning unescaped. Pure.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "wire/byte_block.hpp"

namespace obleth::wire {

// One character of UTF-8. bytes 0: not UTF-8 (overlong forms, surrogates and what lies beyond U+10FFFF included).
struct Utf8Character {
  std::uint32_t code_point = 0;
  std::size_t bytes = 0;
};
[[nodiscard]] Utf8Character first_utf8_character(std::string_view text);

// One character of the inside of a JSON string whose escapes are well formed (JsonCursor has seen them): a plain one,
// an escaped one, a surrogate pair (as one). A lone surrogate is given as it is. bytes 0: not UTF-8.
[[nodiscard]] Utf8Character first_string_character(std::string_view raw);

// A string as it stands between its quotes.
struct JsonString {
  std::string_view raw;
  bool has_escape = false;

  // Compares the meaning: "mod\u0065l" equals model.
  [[nodiscard]] bool equals(std::string_view text) const { return has_escape ? means(text) : same_text(raw, text); }
  [[nodiscard]] bool equals_any(std::initializer_list<std::string_view> texts) const;
  // Whether a reader that takes no notice of case may take it for a text of small ASCII letters that it does not equal.
  [[nodiscard]] bool may_fold() const;
  // Whether it is this text, of small ASCII letters, to a reader that takes no notice of case, as Go's encoding/json:
  // "Model", "\u212A" for a k.
  [[nodiscard]] bool folds_to(std::string_view text) const;
  // False: not UTF-8, or a lone surrogate.
  [[nodiscard]] bool unescape(std::string& text) const;

 private:
  [[nodiscard]] bool means(std::string_view text) const;
};

}  // namespace obleth::wire
