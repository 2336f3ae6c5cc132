// What an SQLite ledger does when its file cannot be written or read, and between its two connections.
#include "adapters/sqlite/sqlite_usage_ledger.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "adapters/sqlite/statement.hpp"
#include "base/temporary_folder_test.hpp"
#include "ports/posting_loop.hpp"
#include "ports/usage_ledger_fixture_test.hpp"

namespace obleth::adapters {
namespace {

Result<void> deliver(SqliteUsageLedger& ledger, std::uint64_t begin, const std::vector<UsageRecord>& rows) {
  const ports::UsageBatch batch{{.segment = {1, 1}, .begin = begin, .end = begin + 1}, rows};
  return ledger.deliver(batch).run_now();
}

std::int64_t tokens_of(SqliteUsageLedger& ledger) {
  const auto spending = ledger.spent(nth_tenant(1), {{0}, {noon_ms * 2}}).run_now();
  EXPECT_TRUE(spending) << spending.error().message;
  return spending ? spending->tokens : -1;
}

TEST(SqliteUsageLedger, FullDiskRefusesABatchWholeAndTakesItLater) {
  const TemporaryFolder folder;
  const std::string path = folder.file("usage.db");
  std::vector<UsageRecord> rows;
  for (std::uint64_t serial = 1; serial <= 5000; ++serial)
    rows.push_back(a_row(serial));
  {
    const auto small = std::move(*SqliteUsageLedger::open({.path = path, .bytes_max = 400'000}));
    ASSERT_TRUE(deliver(*small, 0, {a_row(9999)}));
    const Result<void> full = deliver(*small, 1, rows);
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().kind, FaultKind::exhausted);
    EXPECT_TRUE(full.error().message.contains("disk is full")) << full.error().message;
    EXPECT_EQ(tokens_of(*small), 150);
    // It goes on with what still fits, and knows the names whose first numbers were rolled back.
    UsageRecord another = a_row(9998);
    another.tenant_id = nth_tenant(2);
    ASSERT_TRUE(deliver(*small, 2, {another}));
  }
  const auto large = std::move(*SqliteUsageLedger::open({.path = path}));
  ASSERT_TRUE(deliver(*large, 1, rows));
  EXPECT_EQ(tokens_of(*large), 5001 * 150);
}

TEST(SqliteUsageLedger, NameFirstSeenInABatchThatFailedIsKnownInTheNext) {
  const TemporaryFolder folder;
  const auto ledger = std::move(*SqliteUsageLedger::open({.path = folder.file("usage.db"), .bytes_max = 400'000}));
  std::vector<UsageRecord> rows;
  for (std::uint64_t serial = 1; serial <= 5000; ++serial)
    rows.push_back(a_row(serial));
  ASSERT_FALSE(deliver(*ledger, 0, rows));
  ASSERT_TRUE(deliver(*ledger, 1, {a_row(1)}));
  EXPECT_EQ(tokens_of(*ledger), 150);
}

TEST(SqliteUsageLedger, EventsThatChooseOnePlaceAreEachKeptOnce) {
  const TemporaryFolder folder;
  const auto ledger = std::move(*SqliteUsageLedger::open({.path = folder.file("usage.db")}));
  std::vector<UsageRecord> rows;
  for (std::uint64_t serial = 1; serial <= 30; ++serial) {
    rows.push_back(a_row(serial));
    rows.back().event_id.bits.low = 0xFFFFF;  // the last place of its millisecond
  }
  const std::vector<UsageRecord> first(rows.begin(), rows.begin() + 20);
  const std::vector<UsageRecord> second(rows.begin() + 10, rows.end());
  ASSERT_TRUE(deliver(*ledger, 0, first));
  ASSERT_TRUE(deliver(*ledger, 1, second));
  EXPECT_EQ(tokens_of(*ledger), 30 * 150);
  for (const UsageRecord& row : rows) {
    const auto found = ledger->row(row.event_id).run_now();
    ASSERT_TRUE(found && *found) << row.event_id.uuid();
    EXPECT_EQ((*found)->client_request_id, row.client_request_id);
  }
}

TEST(SqliteUsageLedger, LockedFileIsAFaultThatMayBeRetriedAndReadingGoesOn) {
  const TemporaryFolder folder;
  const DatabaseFile file{.path = folder.file("usage.db"), .lock_wait_ms = 10};
  const auto ledger = std::move(*SqliteUsageLedger::open(file));
  ASSERT_TRUE(deliver(*ledger, 0, {a_row(1)}));
  SqliteConnection other(file);
  {
    Transaction held(other, Transaction::Kind::write);
    const Result<void> locked = deliver(*ledger, 1, {a_row(2)});
    ASSERT_FALSE(locked);
    EXPECT_EQ(locked.error().kind, FaultKind::unavailable);
    EXPECT_TRUE(locked.error().may_retry);
    EXPECT_EQ(tokens_of(*ledger), 150);
  }
  ASSERT_TRUE(deliver(*ledger, 1, {a_row(2)}));
  EXPECT_EQ(tokens_of(*ledger), 300);
}

TEST(SqliteUsageLedger, DamagedFileIsRefusedWithItsName) {
  const TemporaryFolder folder;
  const std::string path = folder.file("usage.db");
  std::ofstream(path) << "this was a database once, before the disk went bad; it is long enough for a header, surely";
  const auto ledger = SqliteUsageLedger::open({.path = path});
  ASSERT_FALSE(ledger);
  EXPECT_EQ(ledger.error().kind, FaultKind::broken);
  EXPECT_TRUE(ledger.error().message.contains(path)) << ledger.error().message;
}

TEST(SqliteUsageLedger, DamageMetLaterIsAFaultOfItsOwn) {
  const TemporaryFolder folder;
  const std::string path = folder.file("usage.db");
  {
    const auto ledger = std::move(*SqliteUsageLedger::open({.path = path}));
    for (std::uint64_t batch = 0; batch < 20; ++batch) {
      std::vector<UsageRecord> rows;
      for (std::uint64_t serial = 1; serial <= 100; ++serial)
        rows.push_back(a_row(batch * 100 + serial));
      ASSERT_TRUE(deliver(*ledger, batch, rows));
    }
  }
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(40 * 4096);
    file << std::string(200 * 4096, '\x5A');
  }
  const auto ledger = SqliteUsageLedger::open({.path = path});
  if (!ledger) {
    EXPECT_EQ(ledger.error().kind, FaultKind::broken) << ledger.error().message;
    return;
  }
  std::vector<UsageRecord> rows;
  for (std::uint64_t serial = 1; serial <= 3000; ++serial)
    rows.push_back(a_row(serial));
  const Result<void> delivered = deliver(**ledger, 100, rows);
  ASSERT_FALSE(delivered);
  EXPECT_EQ(delivered.error().kind, FaultKind::broken) << delivered.error().message;
}

TEST(SqliteUsageLedger, DeliversFromALoopWithoutBlockingIt) {
  const TemporaryFolder folder;
  const auto ledger = std::move(*SqliteUsageLedger::open({.path = folder.file("usage.db")}));
  ports::PostingLoop loop;
  const std::vector<UsageRecord> rows{a_row(1), a_row(2)};
  const ports::UsageBatch batch{{.segment = {1, 1}, .begin = 0, .end = 1}, rows};
  EXPECT_TRUE(loop.run(ledger->deliver(batch)));
  EXPECT_EQ(loop.run(ledger->spent(nth_tenant(1), {{0}, {noon_ms * 2}}))->tokens, 300);
}

TEST(SqliteUsageLedger, KeepsWhatItKnewWhenItIsOpenedAgain) {
  const TemporaryFolder folder;
  const std::string path = folder.file("usage.db");
  for (int round = 0; round < 3; ++round) {
    const auto ledger = std::move(*SqliteUsageLedger::open({.path = path}));
    ASSERT_TRUE(deliver(*ledger, 0, {a_row(1)}));
    EXPECT_EQ(tokens_of(*ledger), 150);
  }
}

}  // namespace
}  // namespace obleth::adapters
