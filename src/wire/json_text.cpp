#include "wire/json_text.hpp"

#include <algorithm>

#include "wire/byte_block.hpp"
#include "wire/http_syntax.hpp"

namespace obleth::wire {
namespace {

constexpr bool is_high_surrogate(std::uint32_t code_point) {
  return code_point >= 0xD800 && code_point <= 0xDBFF;
}
constexpr bool is_low_surrogate(std::uint32_t code_point) {
  return code_point >= 0xDC00 && code_point <= 0xDFFF;
}

// raw begins with \u and four hex digits.
std::uint32_t escaped_unit(std::string_view raw) {
  std::uint32_t unit = 0;
  for (const char digit : raw.substr(2, 4))
    unit = unit << 4 | static_cast<std::uint32_t>(hex_value(digit));
  return unit;
}

Utf8Character escaped_character(std::string_view raw) {
  switch (raw[1]) {
    case 'b':
      return {'\b', 2};
    case 'f':
      return {'\f', 2};
    case 'n':
      return {'\n', 2};
    case 'r':
      return {'\r', 2};
    case 't':
      return {'\t', 2};
    case 'u':
      break;
    default:
      return {static_cast<unsigned char>(raw[1]), 2};
  }
  const std::uint32_t unit = escaped_unit(raw);
  if (!is_high_surrogate(unit) || !raw.substr(6).starts_with("\\u")) return {unit, 6};
  const std::uint32_t second = escaped_unit(raw.substr(6));
  if (!is_low_surrogate(second)) return {unit, 6};
  return {0x10000 + ((unit - 0xD800) << 10) + (second - 0xDC00), 12};
}

// To small letters: those of ASCII, and the two characters beyond it that are one of them in another case.
constexpr std::uint32_t folded(std::uint32_t code_point) {
  constexpr std::uint32_t long_s = 0x17F;
  constexpr std::uint32_t kelvin = 0x212A;
  if (code_point == long_s) return 's';
  if (code_point == kelvin) return 'k';
  return code_point >= 'A' && code_point <= 'Z' ? code_point + ('a' - 'A') : code_point;
}

bool is_ascii(std::string_view text) {
  const char* const end = text.data() + text.size();
  return find_byte(
             text.data(), end, [](ByteBlock bytes) { return bytes.beyond_ascii(); },
             [](char byte) { return static_cast<unsigned char>(byte) >= 0x80; }) == end;
}

void append_utf8(std::string& text, std::uint32_t code_point) {
  const auto put = [&text](std::uint32_t byte) { text.push_back(static_cast<char>(byte)); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xC0 | code_point >> 6);
    put(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    put(0xE0 | code_point >> 12);
    put(0x80 | (code_point >> 6 & 0x3F));
    put(0x80 | (code_point & 0x3F));
  } else {
    put(0xF0 | code_point >> 18);
    put(0x80 | (code_point >> 12 & 0x3F));
    put(0x80 | (code_point >> 6 & 0x3F));
    put(0x80 | (code_point & 0x3F));
  }
}

}  // namespace

Utf8Character first_utf8_character(std::string_view text) {
  // Below 0x40 for a byte that continues a character.
  const auto continued = [text](std::size_t at) { return static_cast<unsigned char>(text[at]) ^ 0x80U; };
  if (text.empty()) return {};
  const std::uint32_t lead = static_cast<unsigned char>(text.front());
  if (lead < 0x80) return {lead, 1};
  const std::size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < bytes) return {};
  const std::uint32_t second = continued(1);
  if (second >= 0x40) return {};
  if (bytes == 2) return {(lead & 0x1F) << 6 | second, 2};
  const std::uint32_t third = continued(2);
  if (third >= 0x40) return {};
  if (bytes == 3) {
    const std::uint32_t code_point = (lead & 0xF) << 12 | second << 6 | third;
    const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
    return code_point < 0x800 || surrogate ? Utf8Character{} : Utf8Character{code_point, 3};
  }
  const std::uint32_t fourth = continued(3);
  if (fourth >= 0x40) return {};
  const std::uint32_t code_point = (lead & 0x7) << 18 | second << 12 | third << 6 | fourth;
  return code_point < 0x10000 || code_point > 0x10FFFF ? Utf8Character{} : Utf8Character{code_point, 4};
}

Utf8Character first_string_character(std::string_view raw) {
  return raw.starts_with('\\') ? escaped_character(raw) : first_utf8_character(raw);
}

bool JsonString::equals_any(std::initializer_list<std::string_view> texts) const {
  return std::ranges::any_of(texts, [this](std::string_view text) { return equals(text); });
}

bool JsonString::may_fold() const {
  return has_escape || std::ranges::any_of(raw, [](char byte) {
           return (byte >= 'A' && byte <= 'Z') || static_cast<unsigned char>(byte) >= 0x80;
         });
}

bool JsonString::folds_to(std::string_view text) const {
  std::string_view rest = raw;
  for (const char letter : text) {
    if (rest.empty()) return false;
    const Utf8Character character = first_string_character(rest);
    if (character.bytes == 0 || folded(character.code_point) != static_cast<unsigned char>(letter)) return false;
    rest.remove_prefix(character.bytes);
  }
  return rest.empty();
}

bool JsonString::means(std::string_view text) const {
  constexpr std::size_t escape_bytes_max = 6;  // "\u0065" for one ASCII character
  if (raw.size() > text.size() * escape_bytes_max) return false;
  std::string meaning;
  return unescape(meaning) && meaning == text;
}

bool JsonString::unescape(std::string& text) const {
  if (!has_escape && is_ascii(raw)) {
    text = raw;
    return true;
  }
  text.clear();
  for (std::string_view rest = raw; !rest.empty();) {
    const Utf8Character next = first_string_character(rest);
    if (next.bytes == 0 || is_high_surrogate(next.code_point) || is_low_surrogate(next.code_point)) return false;
    append_utf8(text, next.code_point);
    rest.remove_prefix(next.bytes);
  }
  return true;
}

}  // namespace obleth::wire
