// An id as 32 hexadecimal digits that lie where the object lies: for what is written once and not kept. A value.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/strong_id.hpp"

namespace obleth {

class HexText {
 public:
  explicit HexText(Bits128 bits) {
    write(digits_.data(), bits.high);
    write(digits_.data() + digits_of_half, bits.low);
  }
  // Valid as long as this object.
  [[nodiscard]] std::string_view view() const { return {digits_.data(), digits_.size()}; }

 private:
  static constexpr std::size_t digits_of_half = 16;
  static void write(char* out, std::uint64_t half) {
    constexpr std::string_view digits = "0123456789abcdef";
    for (std::size_t at = digits_of_half; at-- > 0; half >>= 4U)
      out[at] = digits[half & 0xFU];
  }

  std::array<char, 2 * digits_of_half> digits_;
};

}  // namespace obleth
