#include "adapters/sqlite/usage_runs.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "adapters/sql/store_failure.hpp"
#include "adapters/sqlite/sqlite_usage_ledger.hpp"
#include "adapters/sqlite/statement.hpp"
#include "base/temporary_folder_test.hpp"
#include "ports/usage_ledger_fixture_test.hpp"

namespace obleth::adapters {
namespace {

std::span<const std::uint8_t> bytes_of(const std::string& run) {
  return {reinterpret_cast<const std::uint8_t*>(run.data()), run.size()};
}

// Of a tenant, key and kind of one byte each, and an event.
std::string packed_row(const std::string& client) {
  return static_cast<char>(client.size()) + client + "\x01\x02\x03" + std::string(16, 'e') + "rest";
}

TEST(UsageRun, IsThatOfTheFilesThatThereAre) {
  std::string run;
  add_run_entry(0, packed_row("first"), run);
  add_run_entry(300, packed_row(""), run);
  EXPECT_EQ(run, std::string("\0\x1D\x05", 3) + "first\x01\x02\x03" + std::string(16, 'e') + "rest" +
                     std::string("\xAC\x02\x18\0\x01\x02\x03", 7) + std::string(16, 'e') + "rest");
  UsageSlot slot;
  slot.add_run(7000, bytes_of(run));
  ASSERT_EQ(slot.size(), 2U);
  EXPECT_EQ(slot.place(1), 7300);
  EXPECT_EQ(slot.row(0).client_request_id, "first");
  EXPECT_EQ(slot.row(0).head.kind, 3);
  EXPECT_EQ(slot.row(1).rest.size(), 4U);
}

TEST(UsageRun, RunsThatOverlapAreReadInTheOrderOfPlaces) {
  std::string run;
  add_run_entry(0, packed_row("a"), run);
  add_run_entry(10, packed_row("b"), run);
  UsageSlot slot;
  for (const std::int64_t first : {200, 195, 500})
    slot.add_run(first, bytes_of(run));
  slot.put_in_order();
  std::vector<std::int64_t> places;
  for (std::size_t number = 0; number < slot.size(); ++number)
    places.push_back(slot.place(number));
  EXPECT_EQ(places, (std::vector<std::int64_t>{195, 200, 205, 210, 500, 510}));
  EXPECT_EQ(slot.row(slot.number_at(205)).client_request_id, "b");
  EXPECT_EQ(slot.number_at(206), slot.size());
  EXPECT_EQ(slot.number_at(511), slot.size());
}

TEST(UsageRun, BytesThatAreNoRunAreRefused) {
  std::string run;
  add_run_entry(0, packed_row("client"), run);
  for (std::size_t size = 0; size < run.size(); ++size) {
    UsageSlot slot;
    EXPECT_THROW(slot.add_run(1, bytes_of(run.substr(0, size))), StoreFailure) << size;
  }
  for (std::size_t size = 1; size < 26; ++size) {  // a row that ends within its head
    std::string cut;
    add_run_entry(0, packed_row("client").substr(0, size), cut);
    UsageSlot slot;
    slot.add_run(1, bytes_of(cut));
    EXPECT_THROW(static_cast<void>(slot.row(0)), StoreFailure) << size;
  }
}

class LedgerOfRuns : public testing::Test {
 protected:
  void deliver(std::vector<UsageRecord> rows) {
    const ports::UsageBatch batch{{.segment = {1, 1}, .begin = delivered, .end = delivered + 1}, std::move(rows)};
    ++delivered;
    ASSERT_TRUE(ledger->deliver(batch).run_now());
  }
  std::int64_t number(const char* sql) {
    SqliteConnection connection({path});
    Statement ask(connection, sql);
    return ask.step() ? Row(ask).integer() : -1;
  }
  // The ids of all pages.
  std::vector<EventId> listed(bool oldest_first, std::optional<TenantId> tenant = std::nullopt) {
    std::vector<EventId> ids;
    std::string cursor;
    do {
      const ports::UsageRowFilter filter{.scope = {.span = {{0}, {usage_ms_max}}, .tenant = tenant}};
      const auto page =
          ledger->rows({.filter = filter, .limit = 33, .cursor = cursor, .oldest_first = oldest_first}).run_now();
      EXPECT_TRUE(page);
      if (!page) return ids;
      for (const UsageRecord& row : page->rows)
        ids.push_back(row.event_id);
      cursor = page->next_cursor;
    } while (!cursor.empty());
    return ids;
  }

  TemporaryFolder folder;
  std::string path = folder.file("usage.db");
  std::unique_ptr<SqliteUsageLedger> ledger = std::move(*SqliteUsageLedger::open({.path = path}));
  std::uint64_t delivered = 0;
};

TEST_F(LedgerOfRuns, RowsThatEndTogetherShareARecordOfTheFile) {
  RandomRows random(3);
  std::vector<UsageRecord> rows = random.some(500, noon_ms, 100);
  rows[7].session_id = std::string(5000, 's');  // a run of its own
  deliver(rows);
  EXPECT_LT(number("SELECT count(*) FROM usage"), 60);
  EXPECT_EQ(number("SELECT count(*) FROM usage WHERE length(run) > 2000"), 1);
  const auto found = ledger->row(rows[7].event_id).run_now();
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->session_id, rows[7].session_id);
}

TEST_F(LedgerOfRuns, WhatComesInSeveralDeliveriesIsListedInOrderAndOnce) {
  RandomRows random(4);
  const std::vector<UsageRecord> rows = random.some(600, noon_ms, 200);
  for (const std::size_t from : {300U, 0U, 150U}) {  // the last one brings nothing new
    const auto begin = rows.begin() + static_cast<std::ptrdiff_t>(from);
    std::vector<UsageRecord> some(begin, begin + 300);
    some.push_back(some.front());  // nor does what comes twice at once
    deliver(some);
  }
  std::vector<UsageRecord> sorted = rows;
  std::ranges::sort(sorted, {},
                    [](const UsageRecord& row) { return std::pair(row.ts, row.event_id.bits.low % 1048576); });
  std::vector<EventId> all;
  std::vector<EventId> of_tenant;
  for (const UsageRecord& row : sorted) {
    all.push_back(row.event_id);
    if (row.tenant_id == nth_tenant(2)) of_tenant.push_back(row.event_id);
  }
  EXPECT_EQ(listed(true), all);
  EXPECT_EQ(listed(true, nth_tenant(2)), of_tenant);
  std::ranges::reverse(all);
  std::ranges::reverse(of_tenant);
  EXPECT_EQ(listed(false), all);
  EXPECT_EQ(listed(false, nth_tenant(2)), of_tenant);
  const auto sums = ledger->summary({.span = {{0}, {usage_ms_max}}}).run_now();
  ASSERT_TRUE(sums);
  EXPECT_EQ(sums->requests, 600);
}

TEST_F(LedgerOfRuns, EventsThatWantTheSamePlaceEachHaveTheirOwn) {
  constexpr std::uint64_t last_place = (1 << 20) - 1;
  std::vector<UsageRecord> rows;
  for (std::uint64_t serial = 0; serial < 60; ++serial) {
    rows.push_back(a_row(serial));
    rows.back().event_id = EventId{{serial, last_place - serial % 3}};  // beyond the last comes the first
  }
  deliver({rows.begin(), rows.begin() + 40});
  deliver({rows.begin() + 20, rows.end()});
  deliver(rows);
  std::vector<EventId> ids = listed(true);
  EXPECT_EQ(ids.size(), 60U);
  EXPECT_EQ(std::set(ids.begin(), ids.end()).size(), 60U);
  EXPECT_EQ(number("SELECT count(*) FROM usage WHERE place >> 20 <> 1762344000000"), 0);
}

}  // namespace
}  // namespace obleth::adapters
