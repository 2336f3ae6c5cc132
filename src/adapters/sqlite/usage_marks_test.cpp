#include "adapters/sqlite/usage_marks.hpp"

#include <gtest/gtest.h>

#include <set>

#include "adapters/sqlite/sqlite_usage_ledger.hpp"
#include "adapters/sqlite/usage_schema.hpp"
#include "base/temporary_folder_test.hpp"
#include "ports/usage_ledger_fixture_test.hpp"

namespace obleth::adapters {
namespace {

TEST(UsageMarks, AreThoseOfTheFilesThatThereAre) {
  EXPECT_EQ(mark_of(EventId{{0x0123'4567'89AB'CDEF, 0x8000'0000'0000'0001}}), 3'999'018'494U);
  EXPECT_EQ(mark_of("req-1"), 1'259'710'051U);
}

class LedgerOfOneHour : public testing::Test {
 protected:
  void deliver(std::vector<UsageRecord> rows) {
    const ports::UsageBatch batch{{.segment = {1, 1}, .begin = delivered, .end = delivered + 1}, std::move(rows)};
    ++delivered;
    ASSERT_TRUE(ledger->deliver(batch).run_now());
  }
  std::vector<std::int64_t> groups_bytes() {
    SqliteConnection connection({path});
    Statement ask(connection, "SELECT length(marks) FROM usage_marks ORDER BY id");
    std::vector<std::int64_t> bytes;
    while (ask.step())
      bytes.push_back(Row(ask).integer());
    return bytes;
  }

  TemporaryFolder folder;
  std::string path = folder.file("usage.db");
  std::unique_ptr<SqliteUsageLedger> ledger = std::move(*SqliteUsageLedger::open({.path = path}));
  std::uint64_t delivered = 0;
};

TEST_F(LedgerOfOneHour, RowsThatComeOneByOneShareTheirGroups) {
  std::vector<UsageRecord> rows;
  for (std::uint64_t serial = 1; serial <= 490; ++serial)
    rows.push_back(a_row(serial, noon_ms + static_cast<std::int64_t>(serial) * 1000));
  deliver(rows);
  for (std::uint64_t serial = 491; serial <= 520; ++serial)
    deliver({a_row(serial, noon_ms + static_cast<std::int64_t>(serial) * 1000)});
  EXPECT_EQ(groups_bytes(), (std::vector<std::int64_t>{4000, 160}));  // two marks of four bytes for each row
}

TEST_F(LedgerOfOneHour, EveryRowIsFoundByItsIdsHoweverItArrived) {
  RandomRows random(11);
  std::vector<UsageRecord> rows = random.some(3000, noon_ms, hour_ms - 1);
  for (std::size_t at = 0; at < rows.size(); at += 1500)
    deliver({rows.begin() + static_cast<std::ptrdiff_t>(at), rows.begin() + static_cast<std::ptrdiff_t>(at + 1500)});
  for (std::size_t at = 0; at < rows.size(); at += 37) {
    const auto found = ledger->row(rows[at].event_id).run_now();
    ASSERT_TRUE(found && *found);
    EXPECT_EQ((*found)->client_request_id, rows[at].client_request_id);
    const ports::UsageRowFilter filter{.scope = {.span = {{0}, {noon_ms * 2}}},
                                       .client_request_id = rows[at].client_request_id};
    const auto page = ledger->rows({.filter = filter}).run_now();
    ASSERT_TRUE(page);
    ASSERT_EQ(page->rows.size(), 1U);
    EXPECT_EQ(page->rows[0].event_id, rows[at].event_id);
  }
  EXPECT_FALSE(*ledger->row(EventId{{1, 2}}).run_now());
}

TEST_F(LedgerOfOneHour, AClientsIdOfManyRowsIsListedPageByPageInTheOrderOfTime) {
  RandomRows random(12);
  std::vector<UsageRecord> rows = random.some(1600, noon_ms - hour_ms, 3 * hour_ms);
  for (std::size_t at = 0; at < rows.size(); ++at)
    if (at % 4 == 0) rows[at].client_request_id = "again and again";
  for (std::size_t at = 0; at < rows.size(); at += 400)
    deliver({rows.begin() + static_cast<std::ptrdiff_t>(at), rows.begin() + static_cast<std::ptrdiff_t>(at + 400)});
  for (const bool oldest_first : {false, true}) {
    std::set<EventId> seen;
    std::int64_t before = oldest_first ? 0 : usage_ms_max;
    std::string cursor;
    do {
      const ports::UsageRowFilter filter{.scope = {.span = {{0}, {noon_ms * 2}}},
                                         .client_request_id = "again and again"};
      const auto page =
          ledger->rows({.filter = filter, .limit = 33, .cursor = cursor, .oldest_first = oldest_first}).run_now();
      ASSERT_TRUE(page);
      for (const UsageRecord& row : page->rows) {
        EXPECT_TRUE(oldest_first ? before <= row.ts.unix_ms : row.ts.unix_ms <= before);
        before = row.ts.unix_ms;
        EXPECT_TRUE(seen.insert(row.event_id).second);
      }
      cursor = page->next_cursor;
    } while (!cursor.empty());
    EXPECT_EQ(seen.size(), 400U);
  }
}

}  // namespace
}  // namespace obleth::adapters
