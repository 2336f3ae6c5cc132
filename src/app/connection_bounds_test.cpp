#include "app/connection_bounds.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

namespace obleth::app {
namespace {

constexpr std::uint64_t unbounded = std::numeric_limits<std::uint64_t>::max();

TEST(ConnectionBounds, TheSettingHoldsWhereThereAreDescriptorsEnough) {
  for (const std::uint64_t descriptors : {std::uint64_t{131'072}, unbounded}) {
    const ConnectionBounds bounds = *connection_bounds(50'000, 8, descriptors);
    EXPECT_EQ(bounds.clients, 50'000U);
    EXPECT_EQ(bounds.operators, 1000U);
  }
  EXPECT_EQ(connection_bounds(10, 2, 1024)->clients, 10U);
}

TEST(ConnectionBounds, ClientsLeaveDescriptorsForUpstreamsOperatorsAndStores) {
  for (const std::uint64_t descriptors : {256U, 1024U, 20'000U, 65'536U}) {
    const ConnectionBounds bounds = *connection_bounds(1'000'000, 4, descriptors);
    const std::uint64_t upstreams = std::min<std::uint64_t>(256, bounds.clients);
    EXPECT_LE(bounds.clients + upstreams + 2 * bounds.operators + 64 + 32, descriptors);
    EXPECT_GE(bounds.clients + upstreams + 2 * bounds.operators + 64 + 34, descriptors)
        << "no more is kept back than is needed";
  }
}

TEST(ConnectionBounds, WhereClientsWantAllOperatorsHaveTheirPart) {
  EXPECT_EQ(connection_bounds(1'000'000, 2, 20'000)->operators, 77U);
  EXPECT_GT(connection_bounds(1'000'000, 2, 20'000)->clients, 19'500U);
  EXPECT_EQ(connection_bounds(1'000'000, 2, 1'000'000)->operators, 1000U);
}

TEST(ConnectionBounds, TooFewDescriptorsAreRefusedWithTheNumberThatIsNeeded) {
  const auto refused = connection_bounds(50'000, 2, 175);
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().message.find("is 175, and 176 are the least for OBLETH_THREADS=2"), std::string::npos)
      << refused.error().message;
  const auto least = connection_bounds(50'000, 2, 176);
  ASSERT_TRUE(least.has_value());
  EXPECT_EQ(least->clients, 16U);
  EXPECT_EQ(least->operators, 32U);
}

}  // namespace
}  // namespace obleth::app
