#include "base/strong_id.hpp"

#include "base/hex_text.hpp"

namespace obleth {
namespace {

std::optional<std::uint64_t> hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return std::nullopt;
}

}  // namespace

std::string to_hex32(Bits128 bits) {
  return std::string(HexText(bits).view());
}

std::string to_uuid(Bits128 bits) {
  std::string text = to_hex32(bits);
  for (const std::size_t dash : {8U, 13U, 18U, 23U}) {
    text.insert(dash, 1, '-');
  }
  return text;
}

std::optional<Bits128> bits128_from_text(std::string_view text) {
  const bool dashed = text.size() == 36;
  if (!dashed && text.size() != 32) return std::nullopt;
  Bits128 bits;
  int digits = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (dashed && (at == 8 || at == 13 || at == 18 || at == 23)) {
      if (text[at] != '-') return std::nullopt;
      continue;
    }
    const auto digit = hex_value(text[at]);
    if (!digit) return std::nullopt;
    std::uint64_t& half = digits < 16 ? bits.high : bits.low;
    half = half << 4 | *digit;
    ++digits;
  }
  return bits;
}

}  // namespace obleth
