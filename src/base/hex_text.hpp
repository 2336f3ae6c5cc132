// Bytes as hexadecimal digits, lower case. Pure.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "base/strong_id.hpp"

namespace obleth {

// Eight digits at once, each in a byte of its own.
[[nodiscard]] constexpr std::uint64_t hex_digits_of(std::uint32_t value) {
  std::uint64_t nibbles = value;
  nibbles = (nibbles | nibbles << 16) & 0x0000'FFFF'0000'FFFF;
  nibbles = (nibbles | nibbles << 8) & 0x00FF'00FF'00FF'00FF;
  nibbles = (nibbles | nibbles << 4) & 0x0F0F'0F0F'0F0F'0F0F;
  const std::uint64_t above_nine = (nibbles + 0x0606'0606'0606'0606) >> 4 & 0x0101'0101'0101'0101;
  return nibbles + 0x3030'3030'3030'3030 + above_nine * ('a' - '9' - 1);
}

// 16 digits, lower case.
inline void write_hex(char* to, std::uint64_t value) {
  for (const int shift : {32, 0}) {
    std::uint64_t digits = hex_digits_of(static_cast<std::uint32_t>(value >> shift));
    if constexpr (std::endian::native == std::endian::little) digits = std::byteswap(digits);
    std::memcpy(to, &digits, sizeof digits);
    to += sizeof digits;
  }
}

// Two digits for each byte.
[[nodiscard]] std::string hex_of(std::span<const std::uint8_t> bytes);

// An id as 32 digits that lie where the object lies: for what is written once and not kept. A value.
class HexText {
 public:
  explicit HexText(Bits128 bits) {
    write_hex(digits_.data(), bits.high);
    write_hex(digits_.data() + digits_of_half, bits.low);
  }
  // Valid as long as this object.
  [[nodiscard]] std::string_view view() const { return {digits_.data(), digits_.size()}; }

 private:
  static constexpr std::size_t digits_of_half = 16;
  std::array<char, 2 * digits_of_half> digits_;
};

}  // namespace obleth
