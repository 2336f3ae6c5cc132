#include "base/strong_id.hpp"

#include <gtest/gtest.h>

#include <type_traits>
#include <unordered_set>

namespace obleth {
namespace {

using AppleId = StrongId<struct AppleTag>;
using PearId = StrongId<struct PearTag>;

static_assert(!std::is_convertible_v<AppleId, PearId>);
static_assert(!std::is_constructible_v<AppleId, PearId>);

constexpr AppleId apple{{0x0123456789abcdefULL, 0xfedcba9876543210ULL}};

TEST(StrongId, IsSpelledAsUuidOrAsHex) {
  EXPECT_EQ(apple.uuid(), "01234567-89ab-cdef-fedc-ba9876543210");
  EXPECT_EQ(apple.hex(), "0123456789abcdeffedcba9876543210");
}

TEST(StrongId, IsReadFromEitherSpellingInEitherCase) {
  for (const char* text : {"01234567-89ab-cdef-fedc-ba9876543210", "0123456789abcdeffedcba9876543210",
                           "01234567-89AB-CDEF-FEDC-BA9876543210", "0123456789ABCDEFFEDCBA9876543210"}) {
    EXPECT_EQ(AppleId::from_text(text), apple) << text;
  }
}

TEST(StrongId, AnyOtherTextIsNoId) {
  for (const char* text : {"", "0", "0123456789abcdeffedcba987654321", "0123456789abcdeffedcba98765432100",
                           "0123456789abcdeffedcba987654321g", "01234567089ab-cdef-fedc-ba9876543210",
                           "01234567-89ab-cdef-fedc-ba987654321-", "{1234567-89ab-cdef-fedc-ba987654321}"}) {
    EXPECT_EQ(AppleId::from_text(text), std::nullopt) << text;
  }
}

TEST(StrongId, NilIsTheOneWithoutBits) {
  EXPECT_TRUE(AppleId{}.is_nil());
  EXPECT_FALSE(apple.is_nil());
  EXPECT_FALSE((AppleId{{0, 1}}).is_nil());
}

TEST(StrongId, OrdersByItsSpelling) {
  const AppleId low{{1, 9}};
  const AppleId high{{2, 0}};
  EXPECT_LT(low, high);
  EXPECT_LT(low.hex(), high.hex());
}

TEST(StrongId, IdsThatDifferInOneHalfHashApart) {
  std::unordered_set<std::size_t> hashes;
  for (std::uint64_t number = 0; number < 100; ++number) {
    hashes.insert(std::hash<AppleId>{}(AppleId{{number, 7}}));
    hashes.insert(std::hash<AppleId>{}(AppleId{{7, number}}));
  }
  EXPECT_EQ(hashes.size(), 199U);
}

}  // namespace
}  // namespace obleth
