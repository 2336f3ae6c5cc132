// What every usage ledger keeps: each row once, whatever comes again, and the spending that budgets are rebuilt from.
//
// An adapter instantiates this suite with a factory of empty ledgers.
#pragma once

#include "ports/usage_ledger_fixture_test.hpp"

namespace obleth::adapters {

TEST_P(UsageLedgerContract, BatchThatComesAgainIsInTheLedgerOnce) {
  const ports::JournalRange range{.segment = {1, 1}, .begin = 64, .end = 1064};
  const std::vector<UsageRecord> rows{a_row(1), a_row(2)};
  deliver(range, rows);
  deliver(range, rows);
  const ports::Spending spending = spent(nth_tenant(1), noon_ms, noon_ms + 1);
  EXPECT_EQ(spending.tokens, 300);
  EXPECT_EQ(spending.cost.value, 2 * 1'234'567);
}

TEST_P(UsageLedgerContract, RangesThatOverlapTakeEachEventOnce) {
  deliver({{1, 1}, 0, 1000}, {a_row(1), a_row(2)});
  deliver({{1, 1}, 500, 2000}, {a_row(2), a_row(3)});
  deliver({{1, 1}, 0, 3000}, {a_row(1), a_row(2), a_row(3), a_row(4)});
  deliver({{2, 2}, 0, 3000}, {a_row(4), a_row(5)});
  EXPECT_EQ(spent(nth_key(1), noon_ms, noon_ms + 1).tokens, 5 * 150);
}

TEST_P(UsageLedgerContract, RangesThatArriveOutOfOrderAreAllTaken) {
  deliver({{1, 1}, 2000, 3000}, {a_row(3)});
  deliver({{1, 1}, 0, 1000}, {a_row(1)});
  deliver({{1, 1}, 1000, 2000}, {a_row(2)});
  // Taken again as one.
  deliver({{1, 1}, 0, 3000}, {a_row(1), a_row(2), a_row(3)});
  EXPECT_EQ(spent(nth_tenant(1), 0, noon_ms * 2).tokens, 3 * 150);
}

TEST_P(UsageLedgerContract, BatchWithoutRowsIsTaken) {
  deliver({{1, 1}, 0, 10}, {});
  EXPECT_EQ(spent(nth_tenant(1), 0, noon_ms * 2).tokens, 0);
}

TEST_P(UsageLedgerContract, RowsThatEndInOneMillisecondAreAllKept) {
  std::vector<UsageRecord> rows;
  for (std::uint64_t serial = 1; serial <= 300; ++serial) {
    rows.push_back(a_row(serial));
    rows.back().event_id = EventId{{serial, 5}};  // all want the same place
  }
  deliver(rows);
  EXPECT_EQ(spent(nth_tenant(1), noon_ms, noon_ms + 1).tokens, 300 * 150);
  EXPECT_EQ(spent(nth_tenant(1), noon_ms + 1, noon_ms + 2).tokens, 0);
}

TEST_P(UsageLedgerContract, SpendingOfAnySpanIsExact) {
  RandomRows random(7);
  constexpr std::int64_t span_ms = 9 * 24 * hour_ms;
  const std::vector<UsageRecord> rows = random.some(3000, noon_ms, span_ms);
  for (std::size_t at = 0; at < rows.size(); at += 250)
    deliver({rows.begin() + static_cast<std::ptrdiff_t>(at), rows.begin() + static_cast<std::ptrdiff_t>(at + 250)});
  for (int round = 0; round < 300; ++round) {
    const std::int64_t begin = noon_ms - hour_ms + random.pick(span_ms);
    // Short and long, and both from and to whole quarters and days.
    std::int64_t end = begin + random.pick(round % 3 == 0 ? 20 * minute_ms : span_ms);
    if (round % 5 == 0) end -= end % (15 * minute_ms);
    if (round % 7 == 0) end -= end % (24 * hour_ms);
    const auto number = static_cast<std::uint64_t>(random.pick(4));
    const KeyId key = nth_key(number * 10);
    ports::Spending of_tenant;
    ports::Spending of_key;
    for (const UsageRecord& row : rows) {
      if (row.ts.unix_ms < begin || row.ts.unix_ms >= end) continue;
      const std::int64_t tokens = row.tokens.prompt.value + row.tokens.output.value;
      if (row.tenant_id == nth_tenant(number))
        of_tenant = {of_tenant.tokens + tokens, {of_tenant.cost.value + row.cost.value}};
      if (row.key_id == key) of_key = {of_key.tokens + tokens, {of_key.cost.value + row.cost.value}};
    }
    EXPECT_EQ(spent(nth_tenant(number), begin, end).tokens, of_tenant.tokens) << begin << " " << end;
    EXPECT_EQ(spent(nth_tenant(number), begin, end).cost, of_tenant.cost) << begin << " " << end;
    EXPECT_EQ(spent(key, begin, end).tokens, of_key.tokens) << begin << " " << end;
    EXPECT_EQ(spent(key, begin, end).cost, of_key.cost) << begin << " " << end;
  }
}

TEST_P(UsageLedgerContract, WhoNeverAskedHasSpentNothing) {
  const ports::Spending spending = spent(nth_tenant(99), 0, noon_ms * 2);
  EXPECT_EQ(spending.tokens, 0);
  EXPECT_EQ(spending.cost.value, 0);
}

TEST_P(UsageLedgerContract, ClockThatIsFarOffLosesNoRow) {
  deliver({a_row(1, -5'000), a_row(2, std::numeric_limits<std::int64_t>::max())});
  EXPECT_EQ(spent(nth_tenant(1), 0, std::numeric_limits<std::int64_t>::max()).tokens, 2 * 150);
}

}  // namespace obleth::adapters
