// The mark that may stand before UTF-8 (RFC 8259 §8.1; HTML, "Parsing an event stream"): readers skip one, at the very
// beginning. Pure.
#pragma once

#include <cstddef>
#include <string_view>

namespace obleth::wire {

inline constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

// Bytes before the text itself.
[[nodiscard]] constexpr std::size_t byte_order_mark_bytes(std::string_view text) {
  return text.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
}

}  // namespace obleth::wire
