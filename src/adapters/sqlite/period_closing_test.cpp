// Whatever has been closed, and however little of it, every question is answered as if each row had been counted.
#include "adapters/sqlite/period_closing.hpp"

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "adapters/sql/store_failure.hpp"
#include "adapters/sqlite/closed_periods.hpp"
#include "adapters/sqlite/spending_table.hpp"
#include "adapters/sqlite/statement.hpp"
#include "adapters/sqlite/usage_delivery.hpp"
#include "adapters/sqlite/usage_retention.hpp"
#include "adapters/sqlite/usage_schema.hpp"
#include "adapters/sqlite/usage_sums.hpp"
#include "ports/usage_ledger_fixture_test.hpp"

namespace obleth::adapters {
namespace {

constexpr std::int64_t a_day_ms = 24 * hour_ms;
constexpr std::int64_t midnight_ms = noon_ms - 12 * hour_ms;
constexpr ClosingStep nothing_by_itself{.sums_max = 0, .tenants_max = 0};

struct Counted {
  std::int64_t requests = 0;
  std::int64_t tokens = 0;
  std::int64_t cost = 0;
  bool operator==(const Counted&) const = default;

  void add(const UsageRecord& row) { add({1, row.tokens.prompt.value + row.tokens.output.value, row.cost.value}); }
  void add(const Counted& more) {
    requests += more.requests;
    tokens += more.tokens;
    cost += more.cost;
  }
};

std::ostream& operator<<(std::ostream& out, const Counted& counted) {
  return out << counted.requests << " requests, " << counted.tokens << " tokens, " << counted.cost;
}

Counted counted(const ports::UsageSums& sums) {
  return {sums.requests, sums.input_tokens + sums.output_tokens, sums.cost.value};
}

class PeriodClosing : public testing::Test {
 protected:
  PeriodClosing() { migrate_usage(connection); }

  void deliver(std::vector<UsageRecord> rows, UsageDelivery& delivery) {
    ++delivered;
    delivery.take(connection, {.segment = {1, 1}, .begin = delivered - 1, .end = delivered}, rows, now);
    all.insert(all.end(), rows.begin(), rows.end());
  }
  // Closes nothing.
  void deliver(std::vector<UsageRecord> rows) {
    UsageDelivery delivery(nothing_by_itself);
    deliver(std::move(rows), delivery);
  }
  bool close(std::int64_t latest_ms, ClosingStep step = {}) { return close_some(connection, {latest_ms}, step); }
  int close_all(std::int64_t latest_ms, ClosingStep step = {}) {
    int steps = 0;
    while (close(latest_ms, step))
      ++steps;
    return steps;
  }
  std::int64_t count(const std::string& table) {
    const std::string sql = "SELECT count(*) FROM " + table;
    Statement ask(connection, sql);
    return ask.step() ? Row(ask).integer() : -1;
  }
  Counted summary(std::int64_t begin_ms, std::int64_t end_ms) {
    return counted(summarise(connection, {.span = {{begin_ms}, {end_ms}}}));
  }
  template <class Passes>
  Counted counted_rows(std::int64_t begin_ms, std::int64_t end_ms, Passes passes) {
    Counted sum;
    for (const UsageRecord& row : all)
      if (begin_ms <= row.ts.unix_ms && row.ts.unix_ms < end_ms && passes(row)) sum.add(row);
    return sum;
  }
  void expect_every_answer_over(std::int64_t begin_ms, std::int64_t end_ms);

  SqliteConnection connection{{":memory:"}};
  std::vector<UsageRecord> all;
  std::uint64_t delivered = 0;
  WallTime now{usage_ms_max};
};

void PeriodClosing::expect_every_answer_over(std::int64_t begin_ms, std::int64_t end_ms) {
  SCOPED_TRACE(std::to_string(begin_ms) + " to " + std::to_string(end_ms));
  const WallSpan span{{begin_ms}, {end_ms}};
  const Counted everything = counted_rows(begin_ms, end_ms, [](const auto&) { return true; });
  EXPECT_EQ(summary(begin_ms, end_ms), everything);
  Counted of_all_keys;
  for (const auto& share : divide(connection, {.span = span}, ports::UsageDimension::key, 500)) {
    const auto of_key = [&](const UsageRecord& row) { return row.key_id == share.group.key; };
    EXPECT_EQ(counted(share.sums), counted_rows(begin_ms, end_ms, of_key));
    of_all_keys.add(counted(share.sums));
  }
  EXPECT_EQ(of_all_keys, everything);
  const ports::UsageScope of_tenant{.span = span, .tenant = nth_tenant(2)};
  for (const auto& share : divide(connection, of_tenant, ports::UsageDimension::model, 500)) {
    const auto of_model = [&](const UsageRecord& row) {
      return row.tenant_id == nth_tenant(2) && row.model == share.group.name;
    };
    EXPECT_EQ(counted(share.sums), counted_rows(begin_ms, end_ms, of_model));
  }
  const auto bucket = end_ms - begin_ms < 30 * a_day_ms ? ports::UsageBucket::hour : ports::UsageBucket::day;
  Counted of_all_groups;
  for (const auto& line :
       draw_series(connection,
                   {.scope = {.span = span}, .bucket = bucket, .by = ports::UsageDimension::group, .groups_max = 10})) {
    Counted sum;
    for (const auto& point : line.points)
      sum.add(counted(point.sums));
    of_all_groups.add(sum);
    const auto of_group = [&](const UsageRecord& row) { return row.group == line.group.name; };
    EXPECT_EQ(sum, counted_rows(begin_ms, end_ms, of_group));
  }
  EXPECT_EQ(of_all_groups, everything);
  const auto of_one_tenant = [](const UsageRecord& row) { return row.tenant_id == nth_tenant(1); };
  const auto of_one_key = [](const UsageRecord& row) { return row.key_id == nth_key(20); };
  const ports::Spending tenant = spent_in(connection, nth_tenant(1), span);
  const ports::Spending key = spent_in(connection, nth_key(20), span);
  const Counted wanted = counted_rows(begin_ms, end_ms, of_one_tenant);
  const Counted wanted_of_key = counted_rows(begin_ms, end_ms, of_one_key);
  EXPECT_EQ(std::pair(tenant.tokens, tenant.cost.value), std::pair(wanted.tokens, wanted.cost));
  EXPECT_EQ(std::pair(key.tokens, key.cost.value), std::pair(wanted_of_key.tokens, wanted_of_key.cost));
}

TEST_F(PeriodClosing, DeliveriesOfAnOpenHourTouchNoCoarserSums) {
  deliver({a_row(1), a_row(2, noon_ms + 1)});
  EXPECT_EQ(count("usage_minutes_by_all"), 1);
  EXPECT_EQ(count("usage_minutes_by_model"), 1);
  for (const char* table : {"usage_hours_by_all", "usage_hours_by_key", "usage_hours_by_model", "usage_days_by_all",
                            "usage_days_by_key", "usage_days_by_model", "spending_quarters", "spending_days"})
    EXPECT_EQ(count(table), 0) << table;
}

TEST_F(PeriodClosing, HourClosesFiveMinutesAfterItsEnd) {
  deliver({a_row(1)});
  EXPECT_FALSE(close(noon_ms + hour_ms + closing_delay_ms - 1));
  EXPECT_EQ(count("usage_hours_by_all"), 0);
  EXPECT_FALSE(close(noon_ms + hour_ms + closing_delay_ms));
  for (const char* table : {"usage_hours_by_all", "usage_hours_by_key", "usage_hours_by_model"})
    EXPECT_EQ(count(table), 1) << table;
  EXPECT_EQ(count("spending_quarters"), 2);  // the tenant's, the key's
  EXPECT_EQ(count("usage_days_by_all"), 0);
}

TEST_F(PeriodClosing, DayClosesWithItsLastHour) {
  deliver({a_row(1), a_row(2, midnight_ms + a_day_ms - 1)});
  close_all(midnight_ms + a_day_ms + closing_delay_ms - 1);
  EXPECT_EQ(count("usage_days_by_all"), 0);
  close_all(midnight_ms + a_day_ms + closing_delay_ms);
  for (const char* table : {"usage_days_by_all", "usage_days_by_key", "usage_days_by_model"})
    EXPECT_EQ(count(table), 1) << table;
  EXPECT_EQ(count("spending_days"), 2);
}

TEST_F(PeriodClosing, DeliveryClosesWhatItsYoungestRowHasPassed) {
  UsageDelivery delivery;
  deliver({a_row(1)}, delivery);
  deliver({a_row(2, noon_ms + hour_ms + closing_delay_ms - 1)}, delivery);
  EXPECT_EQ(count("usage_hours_by_all"), 0);
  deliver({a_row(3, noon_ms + hour_ms + closing_delay_ms)}, delivery);
  EXPECT_EQ(count("usage_hours_by_all"), 1);
}

TEST_F(PeriodClosing, LateRowsAreAddedToWhatIsClosed) {
  deliver({a_row(1)});
  close_all(noon_ms + 3 * a_day_ms);
  deliver({a_row(2, noon_ms + 1), a_row(3, midnight_ms)});
  EXPECT_EQ(count("usage_hours_by_all"), 2);
  EXPECT_EQ(count("usage_days_by_all"), 1);
  expect_every_answer_over(midnight_ms, midnight_ms + a_day_ms);
  EXPECT_EQ(spent_in(connection, nth_tenant(1), {{midnight_ms}, {midnight_ms + a_day_ms}}).tokens, 3 * 150);
}

TEST_F(PeriodClosing, PeriodsWithoutRowsAreSkipped) {
  deliver({a_row(1), a_row(2, noon_ms + 60 * a_day_ms)});
  EXPECT_LE(close_all(noon_ms + 90 * a_day_ms, {.sums_max = 1}), 8);  // two hours, two days, and their models
  EXPECT_EQ(count("usage_days_by_all"), 2);
}

TEST_F(PeriodClosing, StepTakesWholeTenantsAndNoMoreThanItMay) {
  RandomRows random(7);
  deliver(random.some(400, noon_ms, hour_ms));
  const std::int64_t over_ms = noon_ms + hour_ms + closing_delay_ms;
  const ClosingStep small{.sums_max = 1, .tenants_max = 2};
  ASSERT_TRUE(close(over_ms, small));
  const ClosedPeriods closed = closed_periods(connection);
  EXPECT_FALSE(closed.hours.hold(noon_ms));
  EXPECT_TRUE(closed.hours.hold(noon_ms, 1));
  EXPECT_FALSE(closed.hours.hold(noon_ms, 2));
  expect_every_answer_over(noon_ms, noon_ms + hour_ms);
  EXPECT_GE(close_all(over_ms, small), 3);  // of the four tenants
  EXPECT_TRUE(closed_periods(connection).hours.hold(noon_ms));
  expect_every_answer_over(noon_ms, noon_ms + hour_ms);
}

TEST_F(PeriodClosing, RowOfAClockThatIsAheadClosesNothing) {
  UsageDelivery delivery;
  now = {noon_ms + minute_ms};
  deliver({a_row(1), a_row(2, usage_ms_max)}, delivery);
  EXPECT_EQ(count("usage_hours_by_all"), 0);
  EXPECT_EQ(summary(0, usage_ms_max + 1).requests, 2);
}

TEST_F(PeriodClosing, TenantWhoComesWhileAPeriodCloses) {
  deliver({a_row(1)});
  UsageRecord second = a_row(2);
  second.tenant_id = nth_tenant(2);
  deliver({second});
  const std::int64_t over_ms = midnight_ms + 2 * a_day_ms;
  const ClosingStep one{.sums_max = 1, .tenants_max = 1};
  for (std::uint64_t serial = 3; serial < 12; ++serial) {
    static_cast<void>(close(over_ms, one));
    UsageRecord another = a_row(serial);
    another.tenant_id = nth_tenant(serial);
    deliver({another, a_row(100 + serial)});
    expect_every_answer_over(midnight_ms, midnight_ms + a_day_ms);
  }
  close_all(over_ms, one);
  expect_every_answer_over(midnight_ms, midnight_ms + a_day_ms);
  EXPECT_EQ(summary(midnight_ms, midnight_ms + a_day_ms).requests, 20);
}

TEST_F(PeriodClosing, DamagedSumsStayOpenAndDeliveriesGoOn) {
  UsageDelivery delivery;
  deliver({a_row(1)}, delivery);
  connection.execute("UPDATE usage_minutes_by_all SET sums = x'FF'");
  deliver({a_row(2, noon_ms + 2 * hour_ms)}, delivery);
  EXPECT_EQ(count("usage_hours_by_all"), 0);
  EXPECT_EQ(summary(noon_ms + hour_ms, noon_ms + 3 * hour_ms).requests, 1);
  Transaction retention(connection, Transaction::Kind::write);
  EXPECT_THROW(static_cast<void>(close(noon_ms + 3 * hour_ms)), StoreFailure);
}

TEST_F(PeriodClosing, KeepsUpWithDeliveriesThatSpanDays) {
  UsageDelivery delivery;
  RandomRows random(5);
  for (int batch = 0; batch < 10; ++batch)
    deliver(random.some(3000, midnight_ms + batch * a_day_ms, a_day_ms), delivery);
  EXPECT_GE(closed_periods(connection).hours.until_ms, midnight_ms + 9 * a_day_ms);
  EXPECT_GE(closed_periods(connection).days.until_ms, midnight_ms + 8 * a_day_ms);
}

class PeriodClosingAtRandom : public PeriodClosing, public testing::WithParamInterface<std::uint64_t> {};

TEST_P(PeriodClosingAtRandom, AnswersAreTheRowsWhateverIsClosed) {
  RandomRows random(GetParam());
  const ClosingStep step{.sums_max = static_cast<std::size_t>(1 + random.pick(30)), .tenants_max = 1 + random.pick(3)};
  UsageDelivery delivery(step);
  std::int64_t now_ms = midnight_ms + random.pick(a_day_ms);
  const std::int64_t begin_ms = now_ms - a_day_ms;
  for (int batch = 0; batch < 60; ++batch) {
    now_ms += random.pick(2 * hour_ms);
    const bool comes_late = random.pick(4) == 0;
    const std::int64_t age_ms = comes_late ? a_day_ms : 10 * minute_ms;
    deliver(random.some(20, now_ms - age_ms, age_ms), delivery);
    if (random.pick(3) == 0) static_cast<void>(close(now_ms, step));
    const std::int64_t from_ms = begin_ms + random.pick(now_ms - begin_ms);
    expect_every_answer_over(from_ms, from_ms + random.pick(3 * a_day_ms));
  }
  expect_every_answer_over(begin_ms - 20 * a_day_ms, now_ms + 1);
  close_all(now_ms + 3 * a_day_ms, step);
  expect_every_answer_over(begin_ms - 20 * a_day_ms, now_ms + 1);
}

INSTANTIATE_TEST_SUITE_P(Seeds, PeriodClosingAtRandom, testing::Values(1, 2, 3, 4));

TEST_F(PeriodClosing, RetentionLeavesTheLastDayToDeliveries) {
  deliver({a_row(1)});
  const auto keep_house = [&](std::int64_t now_ms) {
    while (forget_some(connection, {midnight_ms}, {now_ms})) {
    }
  };
  keep_house(noon_ms + hour_ms + closing_delay_ms + open_without_rows_ms - 1);
  EXPECT_EQ(count("usage_hours_by_all"), 0);
  keep_house(noon_ms + hour_ms + closing_delay_ms + open_without_rows_ms);
  EXPECT_EQ(count("usage_hours_by_all"), 1);
}

TEST_F(PeriodClosing, RetentionClosesBeforeItRemoves) {
  RandomRows random(11);
  deliver(random.some(300, noon_ms, 3 * hour_ms));
  const std::int64_t later_ms = noon_ms + 10 * a_day_ms;
  while (forget_some(connection, {midnight_ms}, {later_ms})) {
  }
  EXPECT_EQ(count("usage_minutes_by_all"), 0);
  EXPECT_GT(count("usage_hours_by_all"), 0);
  EXPECT_GT(count("usage_days_by_all"), 0);
  expect_every_answer_over(noon_ms - 5, noon_ms + 2 * hour_ms + 17);
  expect_every_answer_over(midnight_ms, midnight_ms + 2 * a_day_ms);
}

}  // namespace
}  // namespace obleth::adapters
