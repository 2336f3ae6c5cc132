#include "adapters/sqlite/migrations.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <vector>

#include "adapters/sql/store_failure.hpp"
#include "adapters/sqlite/statement.hpp"
#include "base/temporary_folder_test.hpp"

namespace obleth::adapters {
namespace {

std::int64_t number(SqliteConnection& connection, const char* sql) {
  Statement ask(connection, sql);
  return ask.step() ? Row(ask).integer() : -1;
}

template <class Action>
Fault fault_of(Action action) {
  try {
    action();
  } catch (const StoreFailure& failure) {
    return failure.fault();
  }
  ADD_FAILURE() << "nothing was refused";
  return {};
}

const std::int64_t known = record_migrations().back().number;

std::vector<Migration> with(std::vector<Migration> more) {
  std::vector<Migration> all(record_migrations().begin(), record_migrations().end());
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

TEST(Migrations, AreNumberedFromOneWithoutAGap) {
  std::int64_t expected = 1;
  for (const Migration& migration : record_migrations()) {
    EXPECT_EQ(migration.number, expected++);
    EXPECT_LE(migration.oldest_reader, migration.number);
  }
}

TEST(Migrations, AreTakenOnceInOrder) {
  SqliteConnection connection({":memory:"});
  const auto steps =
      with({{known + 1, known + 1, "CREATE TABLE extra (x)"}, {known + 2, known + 1, "INSERT INTO extra VALUES (5)"}});
  migrate(connection, record_migrations());
  migrate(connection, steps);
  migrate(connection, steps);
  EXPECT_EQ(number(connection, "SELECT sum(x) FROM extra"), 5);
  EXPECT_EQ(number(connection, "PRAGMA user_version"), known + 2);
  EXPECT_EQ(number(connection, "SELECT count(*) FROM groups WHERE name = 'default'"), 1);
}

TEST(Migrations, RecordOfEachFormerVersionIsBroughtUpWithItsRows) {
  for (std::size_t former = 1; former < record_migrations().size(); ++former) {
    SqliteConnection connection({":memory:"});
    migrate(connection, record_migrations().first(former));
    connection.execute("INSERT INTO audit VALUES (zeroblob(16), 1, 'ci', '', 'x', 'tenant', 't', 'search', '', '')");
    migrate(connection, record_migrations());
    EXPECT_EQ(number(connection, "PRAGMA user_version"), known);
    EXPECT_EQ(number(connection, "SELECT at FROM audit INDEXED BY audit_by_actor WHERE actor = 'ci'"), 1);
  }
}

TEST(Migrations, FailingStepLeavesTheSchemaAsItWas) {
  SqliteConnection connection({":memory:"});
  const auto steps = with({{known + 1, known + 1, "CREATE TABLE extra (x); INSERT INTO nowhere VALUES (1)"}});
  fault_of([&] { migrate(connection, steps); });
  EXPECT_EQ(number(connection, "PRAGMA user_version"), known);
  EXPECT_EQ(number(connection, "SELECT count(*) FROM sqlite_schema WHERE name = 'extra'"), 0);
}

TEST(Migrations, SchemaOfANewerVersionIsRefusedWithBothNumbers) {
  SqliteConnection connection({":memory:"});
  migrate(connection, with({{known + 1, known + 1, "CREATE TABLE extra (x)"}}));
  const Fault fault = fault_of([&] { migrate(connection, record_migrations()); });
  const std::string both =
      "newer obleth (schema " + std::to_string(known + 1) + ", this version knows " + std::to_string(known) + ")";
  EXPECT_NE(fault.message.find(both), std::string::npos) << fault.message;
}

TEST(Migrations, NewerSchemaThatStillServesThisVersionIsAccepted) {
  SqliteConnection connection({":memory:"});
  migrate(connection, with({{known + 1, known, "CREATE TABLE extra (x)"}}));
  EXPECT_NO_THROW(migrate(connection, record_migrations()));
  EXPECT_EQ(number(connection, "PRAGMA user_version"), known + 1);
}

TEST(Migrations, DatabaseOfAnotherProgramIsLeftAlone) {
  SqliteConnection connection({":memory:"});
  connection.execute("CREATE TABLE groups (their_own)");
  const Fault fault = fault_of([&] { migrate(connection, record_migrations()); });
  EXPECT_NE(fault.message.find("another program"), std::string::npos);
  EXPECT_EQ(number(connection, "SELECT count(*) FROM sqlite_schema"), 1);
}

// Exit code 0: the database was opened and is complete.
[[noreturn]] void open_when_told(int start, const std::string& path) {
  char go = 0;
  static_cast<void>(read(start, &go, 1));  // ends for all at once, when the parent closes its side
  try {
    SqliteConnection connection({path});
    migrate(connection, record_migrations());
    _exit(number(connection, "SELECT count(*) FROM groups") == 1 ? 0 : 1);
  } catch (const std::exception& refused) {
    std::fprintf(stderr, "%s\n", refused.what());
    _exit(2);
  }
}

TEST(Migrations, ProcessesThatStartAtOnceAllFindACompleteSchema) {
  for (int round = 0; round < 10; ++round) {
    const TemporaryFolder folder;
    std::array<int, 2> start{};
    ASSERT_EQ(pipe(start.data()), 0);
    std::vector<pid_t> children;
    for (int child = 0; child < 4; ++child) {
      const pid_t pid = fork();
      if (pid == 0) {
        close(start[1]);
        open_when_told(start[0], folder.file("record.db"));
      }
      children.push_back(pid);
    }
    close(start[0]);
    close(start[1]);
    for (const pid_t pid : children) {
      int status = -1;
      waitpid(pid, &status, 0);
      EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "round " << round << " status " << status;
    }
  }
}

}  // namespace
}  // namespace obleth::adapters
