#include "adapters/sqlite/backup.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "adapters/sqlite/sqlite_usage_ledger.hpp"
#include "base/temporary_folder_test.hpp"
#include "ports/usage_ledger_fixture_test.hpp"

namespace obleth::adapters {
namespace {

std::int64_t rows_in(const std::string& path) {
  const auto ledger = SqliteUsageLedger::open({.path = path});
  EXPECT_TRUE(ledger) << ledger.error().message;
  return ledger ? (*ledger)->summary({.span = {{0}, {noon_ms * 2}}}).run_now()->requests : -1;
}

TEST(Backup, CopyOfADatabaseThatIsWrittenToIsOfOneMoment) {
  const TemporaryFolder folder;
  const std::string path = folder.file("usage.db");
  const auto ledger = std::move(*SqliteUsageLedger::open({.path = path}));
  std::atomic<bool> enough = false;
  std::atomic<std::uint64_t> batches = 0;
  std::thread writer([&] {
    for (std::uint64_t batch = 0; !enough; ++batch) {
      std::vector<UsageRecord> rows;
      for (std::uint64_t serial = 0; serial < 20; ++serial)
        rows.push_back(a_row(batch * 20 + serial + 1, noon_ms + static_cast<std::int64_t>(batch)));
      const ports::UsageBatch one{{.segment = {1, 1}, .begin = batch, .end = batch + 1}, rows};
      EXPECT_TRUE(ledger->deliver(one).run_now());
      ++batches;
    }
  });
  for (int copy = 0; copy < 5; ++copy) {
    while (batches < static_cast<std::uint64_t>(copy) * 3 + 2)
      std::this_thread::yield();
    const std::string to = folder.file(("copy" + std::to_string(copy) + ".db").c_str());
    const std::uint64_t before = batches;
    const Result<void> copied = copy_database(path, to);
    ASSERT_TRUE(copied) << copied.error().message;
    const std::int64_t rows = rows_in(to);
    EXPECT_EQ(rows % 20, 0) << "part of a batch";
    EXPECT_GE(rows, static_cast<std::int64_t>(before) * 20) << "an answered batch is missing";
    EXPECT_EQ(std::filesystem::status(to).permissions() & std::filesystem::perms::others_all,
              std::filesystem::perms::none);
  }
  enough = true;
  writer.join();
}

TEST(Backup, ExistingFileIsNotOverwritten) {
  const TemporaryFolder folder;
  {
    const auto ledger = SqliteUsageLedger::open({.path = folder.file("usage.db")});
  }
  std::ofstream(folder.file("copy.db")) << "precious";
  const Result<void> copied = copy_database(folder.file("usage.db"), folder.file("copy.db"));
  ASSERT_FALSE(copied);
  EXPECT_EQ(copied.error().kind, FaultKind::conflict);
  EXPECT_EQ(std::filesystem::file_size(folder.file("copy.db")), 8U);
}

TEST(Backup, WhatCannotBeCopiedLeavesNothingBehind) {
  const TemporaryFolder folder;
  std::ofstream(folder.file("no.db")) << std::string(8192, 'x');
  for (const char* from : {"no.db", "missing.db"}) {
    const Result<void> copied = copy_database(folder.file(from), folder.file("copy.db"));
    ASSERT_FALSE(copied) << from;
    EXPECT_FALSE(std::filesystem::exists(folder.file("copy.db")));
    EXPECT_FALSE(std::filesystem::exists(folder.file("copy.db.part")));
  }
  {
    const auto ledger = SqliteUsageLedger::open({.path = folder.file("usage.db")});
  }
  EXPECT_FALSE(copy_database(folder.file("usage.db"), folder.file("no/such/folder/copy.db")));
}

}  // namespace
}  // namespace obleth::adapters
