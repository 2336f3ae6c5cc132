// What the events of one stream have in common, so that one of them is walked and most are only compared with it.
//
// Two events that differ in nothing but the inside of one string of text say the same but for that text. And what
// stands before "choices" (id, model, …) is hardly ever new. At most 1 KiB is kept. One per stream.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "wire/json_text.hpp"

namespace obleth::wire {

class SsePattern {
 public:
  // The text of an event that else is the one that was learned; nothing: it has to be walked.
  [[nodiscard]] std::optional<JsonString> text_of(std::string_view payload) const;
  // How many of its first bytes are known to be the members before "choices", and that key with its colon; 0: none.
  [[nodiscard]] std::size_t known_opening(std::string_view payload) const;

  // opening: 0 for an event that has none. text: the inside of a string in payload, if its one text may change and
  // everything else tells the same again.
  void learn(std::string_view payload, std::size_t opening, std::optional<std::string_view> text);

 private:
  static constexpr std::size_t bytes_max = 1024;

  std::string bytes_;                // of an event, but for its text; or only its opening
  std::uint16_t opening_bytes_ = 0;  // of its first ones
  std::uint16_t before_text_ = 0;    // with the quote; 0: no text may change
};

}  // namespace obleth::wire
