#include "base/hex_text.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>

namespace obleth {
namespace {

std::string as_printf_writes(Bits128 bits) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%016llx%016llx", static_cast<unsigned long long>(bits.high),
                static_cast<unsigned long long>(bits.low));
  return text.data();
}

TEST(HexText, HasEveryDigitInItsPlace) {
  std::uint64_t bits = 0x0123'4567'89AB'CDEF;
  for (int turn = 0; turn < 1000; ++turn) {
    const Bits128 id{bits, ~bits};
    EXPECT_EQ(HexText(id).view(), as_printf_writes(id));
    EXPECT_EQ(to_hex32(id), as_printf_writes(id));
    bits = bits * 0x9E37'79B9'7F4A'7C15 + 1;
  }
}

TEST(HexText, IsThirtyTwoZerosForNothing) {
  EXPECT_EQ(HexText(Bits128{}).view(), std::string(32, '0'));
}

TEST(HexText, OfBytesHasTwoDigitsForEach) {
  EXPECT_EQ(hex_of({}), "");
  EXPECT_EQ(hex_of(std::array<std::uint8_t, 4>{0x00, 0x0F, 0xA0, 0xFF}), "000fa0ff");
}

}  // namespace
}  // namespace obleth
