// Counts the characters of prompts by class. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "domain/text_measure.hpp"
#include "wire/plain_text.hpp"

namespace obleth::wire {

// The text of one JSON string, in parts that follow one another. What it counts is in the measure when it is gone.
class TextCounter {
 public:
  explicit TextCounter(TextMeasure& measure) : measure_(measure) {}
  ~TextCounter() { plain_.add_to(measure_); }
  TextCounter(const TextCounter&) = delete;
  TextCounter& operator=(const TextCounter&) = delete;

  // Counts as far as characters are plain, and answers how many.
  std::size_t count_plain(std::string_view text, char stop = '"');
  // raw: as it stands between the quotes, its escapes well formed. False: not UTF-8.
  [[nodiscard]] bool count(std::string_view raw) { return count_to_end(raw, '"'); }
  // Of well-formed JSON a part with no white space outside of its strings, and no escape cut: what is between the
  // strings and their quotes are characters, too.
  [[nodiscard]] bool count_json(std::string_view json) { return count_to_end(json, '\\'); }

 private:
  [[nodiscard]] bool count_to_end(std::string_view raw, char stop);
  void count_character(std::uint32_t code_point);
  void count_beyond_ascii(bool is_wide);

  TextMeasure& measure_;
  PlainText plain_;
  bool behind_newline_ = false;
};

// A whole JSON value as a model is shown it (a tools schema): its strings, numbers and punctuation, but not the white
// space between them. json has been walked by a JsonCursor. False: not UTF-8.
[[nodiscard]] bool measure_json(std::string_view json, TextMeasure& measure);

}  // namespace obleth::wire
