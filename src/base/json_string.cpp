#include "base/json_string.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace obleth {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

consteval std::array<bool, 256> make_plain() {
  std::array<bool, 256> plain{};
  for (std::size_t byte = 0x20; byte < 0x80; ++byte)
    plain[byte] = byte != '"' && byte != '\\';
  return plain;
}

// Bytes that stand for themselves.
constexpr std::array<bool, 256> plain = make_plain();

bool is_plain(char c) {
  return plain[static_cast<unsigned char>(c)];
}

// Bytes of the well-formed sequence at the front of text (Unicode table 3-7); 0 when it is none.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [text](std::size_t at) { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U; };
  const auto continues = [&byte](std::size_t at) { return (byte(at) & 0xC0U) == 0x80U; };
  const unsigned first = byte(0);
  const unsigned second = byte(1);
  if (first < 0xC2 || first > 0xF4 || !continues(1)) return 0;
  if (first < 0xE0) return 2;
  if (first < 0xF0) {
    const bool overlong = first == 0xE0 && second < 0xA0;
    const bool surrogate = first == 0xED && second > 0x9F;
    return overlong || surrogate || !continues(2) ? 0 : 3;
  }
  const bool overlong = first == 0xF0 && second < 0x90;
  const bool beyond_unicode = first == 0xF4 && second > 0x8F;
  return overlong || beyond_unicode || !continues(2) || !continues(3) ? 0 : 4;
}

void append_escape(std::string& out, char c) {
  constexpr std::string_view hex = "0123456789abcdef";
  switch (c) {
    case '"':
      out.append("\\\"");
      return;
    case '\\':
      out.append("\\\\");
      return;
    case '\n':
      out.append("\\n");
      return;
    case '\r':
      out.append("\\r");
      return;
    case '\t':
      out.append("\\t");
      return;
    default:
      out.append("\\u00").append(1, hex[static_cast<unsigned char>(c) >> 4]);
      out.push_back(hex[static_cast<unsigned char>(c) & 15U]);
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t run = at;
    while (run < text.size() && is_plain(text[run]))
      ++run;
    out.append(text, at, run - at);
    at = run;
    if (at == text.size()) return;
    if (static_cast<unsigned char>(text[at]) < 0x80) {
      append_escape(out, text[at++]);
      continue;
    }
    const std::size_t length = utf8_length(text.substr(at));
    out.append(length == 0 ? replacement : text.substr(at, length));
    at += length == 0 ? 1 : length;
  }
}

}  // namespace obleth
