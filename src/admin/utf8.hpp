// Whether bytes are text. Pure.
#pragma once

#include <string_view>

#include "wire/json_text.hpp"

namespace obleth::admin {

[[nodiscard]] inline bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t bytes = wire::first_utf8_character(text).bytes;
    if (bytes == 0) return false;
    text.remove_prefix(bytes);
  }
  return true;
}

}  // namespace obleth::admin
