#include "adapters/sqlite/rolled_up.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "adapters/sqlite/usage_sum_columns.hpp"
#include "ports/usage_ledger_fixture_test.hpp"

namespace obleth::adapters {
namespace {

std::span<const std::uint8_t> bytes_of(const std::string& bytes) {
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

RolledUp some_rows(std::uint64_t seed, std::size_t count) {
  RandomRows random(seed);
  RolledUp sum;
  for (const UsageRecord& row : random.some(count, noon_ms, hour_ms))
    sum.add(row);
  return sum;
}

TEST(RolledUp, IsPackedAsTheFilesThatThereAre) {
  RolledUp sum;
  sum.sums.requests = 1;
  sum.sums.errors = -1;
  sum.sums.queue_ms = 100;
  sum.durations.add(DurationKind::total, 3);
  sum.durations.add(DurationKind::queue, 0);
  EXPECT_EQ(packed(sum), std::string("\x0F\x02\x01", 3) + std::string(12, '\0') + "\xC8\x01\x03\x01\xDD\x03\x01");
}

TEST(RolledUp, PackedSumsAddUpLikeTheirRows) {
  RolledUp both = some_rows(1, 40);
  both.add(some_rows(2, 3000));
  for (const std::size_t first : {1U, 2U}) {
    RolledUp sum = some_rows(first, first == 1 ? 40 : 3000);
    ASSERT_TRUE(add_packed(sum, bytes_of(packed(some_rows(3 - first, first == 1 ? 3000 : 40))), Durations::added));
    EXPECT_EQ(packed(sum), packed(both));
  }
  RolledUp sums_alone;
  ASSERT_TRUE(add_packed(sums_alone, bytes_of(packed(both)), Durations::left_out));
  EXPECT_EQ(sums_alone.sums.cost, both.sums.cost);
  EXPECT_TRUE(sums_alone.durations.encoded().empty());
}

TEST(RolledUp, SumsThatNoNumberHoldsAreTheLargest) {
  RolledUp sum;
  sum.sums.cost = {std::numeric_limits<std::int64_t>::max() - 5};
  ASSERT_TRUE(add_packed(sum, bytes_of(packed(sum)), Durations::added));
  EXPECT_EQ(sum.sums.cost.value, std::numeric_limits<std::int64_t>::max());
}

TEST(RolledUp, FewerSumsOfAnEarlierVersionLeaveTheOthersAsTheyAre) {
  RolledUp sum;
  ASSERT_TRUE(add_packed(sum, bytes_of("\x02\x04\x06\x03\x01"), Durations::added));
  EXPECT_EQ(sum.sums.requests, 2);
  EXPECT_EQ(sum.sums.errors, 3);
  EXPECT_EQ(sum.sums.refusals, 0);
  EXPECT_EQ(sum.durations.quantiles_ms<1>(DurationKind::total, {500})[0], 3);
}

TEST(RolledUp, BytesThatAreNoSumsAreRefused) {
  const std::string whole = packed(some_rows(5, 20));
  for (std::size_t size = 0; size <= sum_columns.size(); ++size) {
    RolledUp sum;
    EXPECT_FALSE(add_packed(sum, bytes_of(whole.substr(0, size)), Durations::added)) << size;
  }
  RolledUp sum;
  EXPECT_FALSE(add_packed(sum, bytes_of("\x10" + std::string(20, '\x01')), Durations::added));  // a later version's
  EXPECT_FALSE(add_packed(sum, bytes_of(whole + '\x80'), Durations::added));
}

}  // namespace
}  // namespace obleth::adapters
