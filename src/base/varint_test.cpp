#include "base/varint.hpp"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string_view>
#include <vector>

namespace obleth {
namespace {

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

TEST(Varint, IsReadAsItWasWrittenAtEveryLength) {
  std::vector<std::uint64_t> numbers{0, std::numeric_limits<std::uint64_t>::max()};
  for (std::uint32_t bit = 0; bit < 64; ++bit) {
    numbers.push_back(1ULL << bit);
    numbers.push_back((1ULL << bit) - 1);
  }
  for (const std::uint64_t number : numbers) {
    std::array<char, varint_bytes_max> room{};
    const char* const end = put_varint(room.data(), number);
    const char* at = room.data();
    EXPECT_EQ(take_varint(at, end), number);
    EXPECT_EQ(at, end);
    for (const char* cut = room.data(); cut != end; ++cut) {
      at = room.data();
      EXPECT_FALSE(take_varint(at, cut)) << number;
    }
  }
}

TEST(Varint, OfMoreThanTenBytesIsNone) {
  constexpr std::string_view endless = "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01";
  const char* at = endless.data();
  EXPECT_FALSE(take_varint(at, endless.data() + endless.size()));
}

TEST(Zigzag, KeepsSmallNumbersOfEitherSignSmall) {
  EXPECT_EQ(zigzag(0), 0U);
  EXPECT_EQ(zigzag(-1), 1U);
  EXPECT_EQ(zigzag(1), 2U);
  for (const std::int64_t number : {std::numeric_limits<std::int64_t>::min(), std::int64_t{-300}, std::int64_t{300},
                                    std::numeric_limits<std::int64_t>::max()})
    EXPECT_EQ(unzigzag(zigzag(number)), number);
}

TEST(VarintReader, SaysWhenTheBytesEndWithinAValue) {
  VarintReader reader(
      bytes_of("\x05"
               "ab"));
  EXPECT_EQ(reader.next(), 5U);
  EXPECT_EQ(reader.bytes(2).size(), 2U);
  EXPECT_TRUE(reader.is_over());
  EXPECT_TRUE(reader.is_whole());
  EXPECT_TRUE(reader.bytes(1).empty());
  EXPECT_FALSE(reader.is_whole());

  VarintReader cut(bytes_of("\x80"));
  EXPECT_EQ(cut.next(), 0U);
  EXPECT_FALSE(cut.is_whole());
}

}  // namespace
}  // namespace obleth
