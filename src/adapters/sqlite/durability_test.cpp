// A process that is killed at any instant has lost no commit that it had answered.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "adapters/crypto/aes_gcm_sealer.hpp"
#include "adapters/sqlite/sqlite_record_store.hpp"
#include "base/temporary_folder_test.hpp"

namespace obleth::adapters {
namespace {

ports::Transaction nth_commit(std::uint64_t number) {
  Tenant tenant;
  tenant.id = TenantId{{0, number}};
  tenant.name = "tenant " + std::to_string(number);
  AuditEntry entry;
  entry.id = AuditId{{0, number}};
  entry.target = tenant.name;
  ports::Transaction transaction;
  transaction.writes = {ports::PutTenant{tenant, true}};
  transaction.audit = {entry};
  return transaction;
}

// Commits until it is killed, and says so after each commit.
[[noreturn]] void commit_forever(const std::string& path, std::uint64_t first, int answers) {
  const AesGcmSealer sealer(std::nullopt, std::nullopt);
  const auto store = std::move(*SqliteRecordStore::open({path}, sealer));
  const GroupId group = store->find_group("default").run_now()->value().id;
  for (std::uint64_t number = first;; ++number) {
    ports::Transaction transaction = nth_commit(number);
    std::get<ports::PutTenant>(transaction.writes.front()).tenant.group = group;
    if (!store->commit(std::move(transaction)).run_now()) _exit(1);
    if (write(answers, &number, sizeof number) != sizeof number) _exit(2);
  }
}

// The number of the last commit that the child answered before it was killed.
std::uint64_t last_answer_before_kill(const std::string& path, std::uint64_t first, std::uint64_t count) {
  std::array<int, 2> answers{};
  EXPECT_EQ(pipe(answers.data()), 0);
  const pid_t child = fork();
  if (child == 0) commit_forever(path, first, answers[1]);
  close(answers[1]);
  std::uint64_t last = 0;
  std::uint64_t number = 0;
  while (last < first + count && read(answers[0], &number, sizeof number) == sizeof number)
    last = number;
  kill(child, SIGKILL);
  while (read(answers[0], &number, sizeof number) == sizeof number)
    last = number;
  close(answers[0]);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the child ended by itself: " << status;
  return last;
}

TEST(Durability, KilledProcessHasLostNoAnsweredCommit) {
  const TemporaryFolder folder;
  const std::string path = folder.file("record.db");
  std::uint64_t first = 1;
  for (const std::uint64_t count : {1U, 7U, 20U, 40U}) {
    const std::uint64_t last = last_answer_before_kill(path, first, count);
    const AesGcmSealer sealer(std::nullopt, std::nullopt);
    const auto store = std::move(*SqliteRecordStore::open({path}, sealer));
    const std::uint64_t version = store->version().run_now().value_or(0);
    ASSERT_GE(version, last);
    ASSERT_LE(version, last + 1);  // the commit at hand may have been made and not yet answered
    for (std::uint64_t number = 1; number <= version; ++number) {
      const std::string name = "tenant " + std::to_string(number);
      EXPECT_TRUE(store->find_tenant(name).run_now()->has_value()) << name;
      ports::AuditFilter filter;
      filter.target = name;
      EXPECT_EQ(store->list_audit(filter).run_now()->rows.size(), 1U) << name;
    }
    first = version + 1;
  }
}

}  // namespace
}  // namespace obleth::adapters
