#include "base/json_string.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

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

// A high bit where one of eight bytes may not stand for itself: the first that is set tells the truth.
std::uint64_t special_bits(std::uint64_t eight) {
  constexpr std::uint64_t ones = 0x0101010101010101ULL;
  constexpr std::uint64_t high_bits = ones * 0x80;
  const auto below = [eight](std::uint64_t bound) { return (eight - ones * bound) & ~eight; };
  const auto equal_to = [eight](unsigned char wanted) {
    const std::uint64_t difference = eight ^ (ones * wanted);
    return (difference - ones) & ~difference;
  };
  return (eight | below(0x20) | equal_to('"') | equal_to('\\')) & high_bits;
}

// Copies eight bytes, and answers their special_bits.
std::uint64_t copy_eight(char* out, const char* bytes) {
  std::uint64_t eight = 0;
  std::memcpy(&eight, bytes, sizeof eight);
  std::memcpy(out, &eight, sizeof eight);
  return special_bits(eight);
}

constexpr std::size_t short_bytes_max = 64;  // of a text that is worth copying before it is known to be plain

// Copies a text whose bytes all stand for themselves, as in most they do; false: in this they do not, and what was
// written, which is as long, is not the text. The last eight bytes may meet those before them.
bool copy_plain(char* out, std::string_view text) {
  constexpr std::size_t width = sizeof(std::uint64_t);
  if (text.size() < width) {
    bool all = true;
    for (std::size_t at = 0; at < text.size(); ++at) {
      out[at] = text[at];
      all = all && is_plain(text[at]);
    }
    return all;
  }
  const std::size_t last = text.size() - width;
  std::uint64_t special = copy_eight(out + last, text.data() + last);
  for (std::size_t at = 0; at < last; at += width)
    special |= copy_eight(out + at, text.data() + at);
  return special == 0;
}

char* write(char* out, std::string_view bytes) {
  return std::ranges::copy(bytes, out).out;
}

char* write_escape(char* out, char c) {
  constexpr std::string_view hex = "0123456789abcdef";
  switch (c) {
    case '"':
      return write(out, "\\\"");
    case '\\':
      return write(out, "\\\\");
    case '\n':
      return write(out, "\\n");
    case '\r':
      return write(out, "\\r");
    case '\t':
      return write(out, "\\t");
    default:
      out = write(out, "\\u00");
      *out++ = hex[static_cast<unsigned char>(c) >> 4];
      *out++ = hex[static_cast<unsigned char>(c) & 15U];
      return out;
  }
}

}  // namespace

char* write_json_string(char* out, std::string_view text) {
  if (text.size() <= short_bytes_max && copy_plain(out, text)) return out + text.size();
  std::size_t at = 0;
  while (at < text.size()) {
    for (std::uint64_t eight = 0; text.size() - at >= sizeof eight; at += sizeof eight, out += sizeof eight) {
      if (copy_eight(out, text.data() + at) != 0) break;
    }
    if (at == text.size()) break;
    const char byte = text[at];
    if (is_plain(byte)) {
      *out++ = byte;
      ++at;
    } else if (static_cast<unsigned char>(byte) < 0x80) {
      out = write_escape(out, byte);
      ++at;
    } else {
      const std::size_t length = utf8_length(text.substr(at));
      out = write(out, length == 0 ? replacement : text.substr(at, length));
      at += length == 0 ? 1 : length;
    }
  }
  return out;
}

void append_json_string(std::string& out, std::string_view text) {
  const std::size_t before = out.size();
  out.resize_and_overwrite(before + text.size() * json_bytes_of_a_byte, [&](char* begin, std::size_t) {
    return static_cast<std::size_t>(write_json_string(begin + before, text) - begin);
  });
}

}  // namespace obleth
