#include "admin/rising_ids.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace obleth::admin {
namespace {

bool is_version_four(const std::string& uuid) {
  return uuid[14] == '4' && std::string_view("89ab").contains(uuid[19]);
}

TEST(RisingIds, OfOneMillisecondRiseAndAreVersionFour) {
  constexpr std::uint64_t all_random_bits = ~0ULL >> 2U;  // of the lower half
  RisingIds ids;
  Bits128 last;
  for (int row = 0; row < 1000; ++row) {
    // The worst that chance can give.
    const Bits128 id = ids.next(WallTime{7}, {.high = 0x4000, .low = 1ULL << 63U | all_random_bits});
    EXPECT_GT(id, last);
    EXPECT_TRUE(is_version_four(to_uuid(id))) << to_uuid(id);
    last = id;
  }
}

TEST(RisingIds, AnotherMillisecondIsLeftToChance) {
  RisingIds ids;
  const Bits128 first = ids.next(WallTime{7}, {.high = 0x4009, .low = 1ULL << 63U | 9});
  const Bits128 later = ids.next(WallTime{8}, {.high = 0x4001, .low = 1ULL << 63U | 1});
  EXPECT_EQ(first, (Bits128{.high = 0x4009, .low = 1ULL << 63U | 9}));
  EXPECT_EQ(later, (Bits128{.high = 0x4001, .low = 1ULL << 63U | 1}));
}

}  // namespace
}  // namespace obleth::admin
