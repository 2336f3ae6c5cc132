#include "adapters/sqlite/usage_retention.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "adapters/sqlite/sqlite_usage_ledger.hpp"
#include "adapters/sqlite/statement.hpp"
#include "base/temporary_folder_test.hpp"
#include "ports/usage_ledger_fixture_test.hpp"

namespace obleth::adapters {
namespace {

constexpr std::int64_t a_day_ms = 24 * hour_ms;
constexpr WallTime march_20{1'774'008'000'000};    // 2026-03-20 12:00 UTC
constexpr WallTime january_1{1'767'225'600'000};   // 2026-01-01 00:00 UTC
constexpr WallTime february_1{1'769'904'000'000};  // 2026-02-01 00:00 UTC

class UsageRetention : public testing::Test {
 protected:
  UsageRetention() : ledger(std::move(*SqliteUsageLedger::open({.path = folder.file("usage.db")}))) {}

  void deliver(const std::vector<UsageRecord>& rows) {
    const ports::UsageBatch batch{{.segment = {1, 1}, .begin = delivered, .end = delivered + 1}, rows};
    ++delivered;
    ASSERT_TRUE(ledger->deliver(batch).run_now());
  }
  int forget(WallTime now, std::int64_t days) {
    for (int steps = 1;; ++steps) {
      const auto more = ledger->forget_step(now, days).run_now();
      EXPECT_TRUE(more) << more.error().message;
      if (!more || !*more) return steps;
    }
  }
  std::int64_t requests(std::int64_t begin_ms, std::int64_t end_ms) {
    return ledger->summary({.span = {{begin_ms}, {end_ms}}}).run_now()->requests;
  }
  std::int64_t spent_tokens(std::int64_t begin_ms, std::int64_t end_ms) {
    return ledger->spent(nth_tenant(1), {{begin_ms}, {end_ms}}).run_now()->tokens;
  }

  TemporaryFolder folder;
  std::unique_ptr<SqliteUsageLedger> ledger;
  std::uint64_t delivered = 0;
};

TEST_F(UsageRetention, WholeMonthsAreKept) {
  EXPECT_EQ(retention_start(march_20, 30), february_1);  // 18 February
  EXPECT_EQ(retention_start(march_20, 47), february_1);  // its first day
  EXPECT_EQ(retention_start(march_20, 48), january_1);
  EXPECT_EQ(retention_start({0}, 180), WallTime{0});
}

TEST_F(UsageRetention, OldRowsGoAndLifetimeSpendingStays) {
  std::vector<UsageRecord> rows;
  for (std::uint64_t day = 0; day < 60; ++day)
    rows.push_back(a_row(day + 1, january_1.unix_ms + static_cast<std::int64_t>(day) * a_day_ms + 5 * hour_ms));
  deliver(rows);
  forget(march_20, 30);
  EXPECT_EQ(requests(0, march_20.unix_ms), 29);  // of February and 1 March
  EXPECT_EQ(requests(0, february_1.unix_ms), 0);
  EXPECT_EQ(ledger->rows({.filter = {.scope = {.span = {{0}, march_20}}}, .limit = 500}).run_now()->rows.size(), 29U);
  EXPECT_EQ(spent_tokens(0, march_20.unix_ms), 60 * 150);
  EXPECT_EQ(spent_tokens(february_1.unix_ms, march_20.unix_ms), 29 * 150);
  // From the middle of a day whose rows are gone: the whole day counts, never too little.
  EXPECT_EQ(spent_tokens(january_1.unix_ms + 10 * a_day_ms + 12 * hour_ms, february_1.unix_ms), 21 * 150);
}

TEST_F(UsageRetention, TakesManySmallStepsAndDeliveriesComeBetween) {
  std::vector<UsageRecord> rows;
  for (std::uint64_t serial = 1; serial <= 5000; ++serial)
    rows.push_back(a_row(serial, january_1.unix_ms + static_cast<std::int64_t>(serial) * 100));
  deliver(rows);
  ASSERT_TRUE(*ledger->forget_step(march_20, 30).run_now());
  deliver({a_row(9000, march_20.unix_ms)});
  EXPECT_GE(forget(march_20, 30), 2);
  EXPECT_EQ(requests(0, march_20.unix_ms + 1), 1);
  EXPECT_EQ(spent_tokens(0, march_20.unix_ms + 1), 5001 * 150);
}

TEST_F(UsageRetention, SumsStayExactWhenMinutesAreForgotten) {
  RandomRows random(3);
  const std::vector<UsageRecord> rows = random.some(500, march_20.unix_ms - 4 * a_day_ms, 4 * a_day_ms);
  deliver(rows);
  forget(march_20, 180);
  for (int round = 0; round < 60; ++round) {
    const std::int64_t begin = march_20.unix_ms - 4 * a_day_ms + random.pick(4 * a_day_ms);
    const std::int64_t end = begin + random.pick(a_day_ms);
    const auto expected = std::ranges::count_if(
        rows, [&](const UsageRecord& row) { return begin <= row.ts.unix_ms && row.ts.unix_ms < end; });
    EXPECT_EQ(requests(begin, end), expected);
    std::int64_t by_minute = 0;
    for (const auto& point :
         (*ledger->series({.span = {{begin}, {end}}}, ports::UsageBucket::minute, std::nullopt, 1).run_now())[0].points)
      by_minute += point.sums.requests;
    EXPECT_EQ(by_minute, expected);
  }
}

TEST_F(UsageRetention, EveryRollUpIsEmptiedOfWhatIsTooOld) {
  RandomRows random(5);
  deliver(random.some(1000, january_1.unix_ms, 20 * a_day_ms));
  forget(march_20, 30);
  SqliteConnection connection({folder.file("usage.db")});
  for (const char* table : {"usage", "usage_of_tenants", "usage_marks", "usage_kinds", "usage_minutes_by_model",
                            "usage_minutes_by_all", "usage_hours_by_model", "usage_hours_by_key", "usage_hours_by_all",
                            "usage_days_by_model", "usage_days_by_key", "usage_days_by_all", "spending_quarters"}) {
    const std::string sql = std::string("SELECT count(*) FROM ") + table;
    Statement count(connection, sql);
    ASSERT_TRUE(count.step());
    EXPECT_EQ(Row(count).integer(), 0) << table;
  }
}

TEST_F(UsageRetention, NothingIsRemovedThatIsYoungEnough) {
  deliver({a_row(1, february_1.unix_ms), a_row(2, february_1.unix_ms - 1)});
  forget(march_20, 30);
  EXPECT_EQ(requests(0, march_20.unix_ms), 1);
  EXPECT_EQ(forget(march_20, 30), 1);
}

}  // namespace
}  // namespace obleth::adapters
