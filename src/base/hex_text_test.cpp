#include "base/hex_text.hpp"

#include <gtest/gtest.h>

namespace obleth {
namespace {

TEST(HexText, IsWhatTheTextOfAnIdIs) {
  for (const Bits128 bits : {Bits128{}, Bits128{1, 0xFEDCBA9876543210ULL}, Bits128{~0ULL, ~0ULL}})
    EXPECT_EQ(HexText(bits).view(), to_hex32(bits));
}

}  // namespace
}  // namespace obleth
