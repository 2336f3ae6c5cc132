#include "adapters/spool/crc32c.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace obleth::adapters {
namespace {

// RFC 3720, appendix B.4, and the check value of the CRC catalogue.
TEST(Crc32c, GivesThePublishedValues) {
  EXPECT_EQ(crc32c(0, "123456789"), 0xE3069283U);
  EXPECT_EQ(crc32c(0, std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(crc32c(0, std::string(32, '\xFF')), 0x62A8AB43U);
  EXPECT_EQ(crc32c_by_table(0, "123456789"), 0xE3069283U);
}

TEST(Crc32c, IsTheSameByInstructionAndByTableAndInPieces) {
  std::mt19937_64 random(7);
  for (std::size_t size = 0; size < 300; ++size) {
    std::string bytes(size, '\0');
    for (char& byte : bytes)
      byte = static_cast<char>(random());
    const std::uint32_t whole = crc32c(0x1234, bytes);
    EXPECT_EQ(whole, crc32c_by_table(0x1234, bytes));
    const std::size_t cut = size / 3;
    EXPECT_EQ(whole, crc32c(crc32c(0x1234, bytes.substr(0, cut)), bytes.substr(cut)));
  }
}

}  // namespace
}  // namespace obleth::adapters
