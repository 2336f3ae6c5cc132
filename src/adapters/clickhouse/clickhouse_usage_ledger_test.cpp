// What is ClickHouse's own: closed days that are rolled up, months that are dropped.
#include "adapters/clickhouse/clickhouse_usage_ledger.hpp"

#include <gtest/gtest.h>

#include "adapters/clickhouse/test_clickhouse_test.hpp"
#include "ports/usage_ledger_fixture_test.hpp"

namespace obleth::adapters {
namespace {

constexpr std::int64_t day_ms = 24 * hour_ms;
constexpr std::int64_t first_of_november_ms = noon_ms - 4 * day_ms - 12 * hour_ms;
constexpr WallTime later{noon_ms + 200 * day_ms};

class ClickHouseLedger : public testing::Test {
 protected:
  void deliver(const std::vector<UsageRecord>& rows) {
    const ports::UsageBatch batch{{.segment = {1, 1}, .begin = 0, .end = ++version_}, rows};
    const Result<void> delivered = ledger().deliver(batch).run_now();
    EXPECT_TRUE(delivered) << (delivered ? "" : delivered.error().message);
  }
  // Until nothing is left to do; how many steps did something.
  int tidy(std::int64_t retention_days = 10'000) {
    int steps = 0;
    EXPECT_TRUE(seen_in_time([&] {
      const Result<bool> more = ledger().tidy_step(later, retention_days).run_now();
      EXPECT_TRUE(more) << (more ? "" : more.error().message);
      steps += more && *more ? 1 : 0;
      return !more || !*more;
    }));
    return steps;
  }
  ports::UsageSums sums(std::int64_t begin_ms, std::int64_t end_ms) {
    auto found = ledger().summary({.span = {{begin_ms}, {end_ms}}}).run_now();
    EXPECT_TRUE(found) << (found ? "" : found.error().message);
    return found ? *found : ports::UsageSums{};
  }
  std::int64_t spent_tokens(std::int64_t begin_ms, std::int64_t end_ms) {
    return ledger().spent(nth_tenant(1), {{begin_ms}, {end_ms}}).run_now()->tokens;
  }
  ClickHouseUsageLedger& ledger() { return place_.ledger(); }

  const std::string database_ = test_clickhouse().database();
  LedgerOnALoop place_{test_clickhouse().settings(database_)};
  std::uint64_t version_ = 0;
};

TEST_F(ClickHouseLedger, ADayIsRolledUpOnceAndAgainOnlyWhenRowsOfItCome) {
  deliver({a_row(1, noon_ms - 2 * day_ms), a_row(2, noon_ms - day_ms)});
  EXPECT_GE(tidy(), 2);
  EXPECT_EQ(tidy(), 0);
  deliver({a_row(3, noon_ms - day_ms)});
  EXPECT_GE(tidy(), 1);
  EXPECT_EQ(sums(noon_ms - 3 * day_ms, noon_ms).requests, 3);
}

TEST_F(ClickHouseLedger, ABatchThatComesAgainDoublesNoRolledUpDay) {
  const std::vector<UsageRecord> rows{a_row(1, noon_ms - 2 * day_ms), a_row(2, noon_ms - 2 * day_ms)};
  for (int round = 0; round < 3; ++round) {
    deliver(rows);
    EXPECT_EQ(sums(noon_ms - 4 * day_ms, noon_ms).requests, 2) << "before it is rolled up again";
    tidy();
    const ports::UsageSums found = sums(noon_ms - 4 * day_ms, noon_ms);
    EXPECT_EQ(found.requests, 2);
    EXPECT_EQ(found.cost.value, 2 * a_row(1).cost.value);
  }
}

TEST_F(ClickHouseLedger, OldMonthsAreDroppedAndWhatTheyCostIsKept) {
  deliver({a_row(1, first_of_november_ms - 1), a_row(2, first_of_november_ms - 20 * day_ms)});
  deliver({a_row(3, first_of_november_ms)});
  tidy();
  const WallTime now{first_of_november_ms + 5 * day_ms};
  ASSERT_TRUE(*ledger().tidy_step(now, 3).run_now());
  EXPECT_EQ(sums(0, noon_ms).requests, 1);
  EXPECT_EQ(spent_tokens(0, noon_ms), 3 * 150);
  EXPECT_EQ(spent_tokens(first_of_november_ms, noon_ms), 150);
  // Rows that come after their month was dropped go with the next step, and are not counted again.
  deliver({a_row(2, first_of_november_ms - 20 * day_ms)});
  ASSERT_TRUE(*ledger().tidy_step(now, 3).run_now());
  EXPECT_EQ(sums(0, noon_ms).requests, 1);
  EXPECT_EQ(spent_tokens(0, noon_ms), 3 * 150);
}

TEST_F(ClickHouseLedger, RetentionKeepsTheMonthOfTheOldestDay) {
  deliver({a_row(1, first_of_november_ms)});
  tidy();
  EXPECT_FALSE(*ledger().tidy_step({first_of_november_ms + 20 * day_ms}, 20).run_now());
  EXPECT_EQ(sums(0, noon_ms).requests, 1);
}

}  // namespace
}  // namespace obleth::adapters
