#include "base/terminal_text.hpp"

#include <algorithm>
#include <array>

namespace obleth {
namespace {

// As UTF-8 spells them; from the first to the last, the last byte counts up.
struct Characters {
  std::string_view first;
  std::string_view last;
};
constexpr std::array<Characters, 7> not_shown{{{{"\x00", 1}, "\x1F"},
                                               {"\x7F", "\x7F"},
                                               {"\xC2\x80", "\xC2\x9F"},
                                               {"\xD8\x9C", "\xD8\x9C"},            // U+061C
                                               {"\xE2\x80\x8E", "\xE2\x80\x8F"},    // U+200E, U+200F
                                               {"\xE2\x80\xAA", "\xE2\x80\xAE"},    // U+202A – U+202E
                                               {"\xE2\x81\xA6", "\xE2\x81\xA9"}}};  // U+2066 – U+2069

// Bytes of the one of these at the front of text; 0 when another stands there.
std::size_t not_shown_bytes(std::string_view text) {
  for (const auto& [first, last] : not_shown) {
    const std::string_view front = text.substr(0, first.size());
    if (front >= first && front <= last) return first.size();
  }
  return 0;
}

unsigned code_point(std::string_view character) {
  const auto byte = [character](std::size_t at) { return static_cast<unsigned char>(character[at]); };
  if (character.size() == 1) return byte(0);
  if (character.size() == 2) return (byte(0) & 0x1FU) << 6U | (byte(1) & 0x3FU);
  return (byte(0) & 0x0FU) << 12U | (byte(1) & 0x3FU) << 6U | (byte(2) & 0x3FU);
}

void append_escape(std::string& out, unsigned code) {
  constexpr std::string_view hex = "0123456789abcdef";
  if (code == '\n') {
    out += "\\n";
  } else if (code == '\t') {
    out += "\\t";
  } else {
    out += {'\\', 'u', hex[code >> 12U], hex[code >> 8U & 15U], hex[code >> 4U & 15U], hex[code & 15U]};
  }
}

}  // namespace

void append_terminal_text(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const std::size_t bytes = not_shown_bytes(text);
    if (bytes == 0) {
      out += text.front();
    } else {
      append_escape(out, code_point(text.substr(0, bytes)));
    }
    text.remove_prefix(std::max<std::size_t>(bytes, 1));
  }
}

std::string terminal_text(std::string_view text) {
  std::string shown;
  append_terminal_text(shown, text);
  return shown;
}

}  // namespace obleth
