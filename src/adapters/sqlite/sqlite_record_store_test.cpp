#include "adapters/sqlite/sqlite_record_store.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>
#include <thread>

#include "adapters/crypto/aes_gcm_sealer.hpp"
#include "adapters/sql/spending_checkpoint_contract_test.hpp"
#include "base/temporary_folder_test.hpp"
#include "ports/posting_loop.hpp"

namespace obleth::adapters {
namespace {

AesGcmSealer sealer_of(std::uint8_t key) {
  return AesGcmSealer(EncryptionKey(EncryptionKey::Bytes{key}), std::nullopt);
}

std::unique_ptr<SqliteRecordStore> open_store(const std::string& path, const ports::SecretSealer& sealer,
                                              std::int64_t bytes_max = 0) {
  auto store = SqliteRecordStore::open({path, bytes_max}, sealer);
  EXPECT_TRUE(store) << store.error().message;
  return store ? std::move(*store) : nullptr;
}

ports::Transaction setting(std::string name, std::string value) {
  ports::Transaction transaction;
  transaction.writes = {ports::PutSetting{std::move(name), std::move(value)}};
  return transaction;
}

ports::Transaction model_with_credentials() {
  Model model;
  model.id = ModelId{{1, 2}};
  model.model_name = "llama";
  model.api_key = Secret("planted-model-key");
  model.upstream_headers = {{"X-Team", Secret("planted-header")}};
  model.endpoints = {{EndpointId{{3, 4}}, "http://a/v1", Secret("planted-endpoint-key"), 0, true}};
  McpServer server;
  server.id = McpServerId{{5, 6}};
  server.name = "tools";
  server.auth_header = Secret("planted-auth-header");
  ports::Transaction transaction;
  transaction.writes = {ports::PutModel{model, true}, ports::PutMcpServer{server, true}};
  return transaction;
}

class SqliteRecordStoreTest : public testing::Test {
 protected:
  TemporaryFolder folder_;
  std::string path_ = folder_.file("record.db");
  AesGcmSealer sealer_ = sealer_of(1);
};

TEST_F(SqliteRecordStoreTest, WhatWasCommittedIsThereWhenItIsOpenedAgain) {
  ASSERT_TRUE(open_store(path_, sealer_)->commit(setting("capacity", "64")).run_now());
  const auto store = open_store(path_, sealer_);
  EXPECT_EQ(store->all_settings().run_now()->front().second, "64");
  EXPECT_EQ(store->version().run_now().value_or(0), 1U);
}

TEST_F(SqliteRecordStoreTest, FileIsForItsOwnerOnly) {
  const auto store = open_store(path_, sealer_);
  ASSERT_TRUE(store->commit(setting("capacity", "64")).run_now());
  for (const std::string& file : {path_, path_ + "-wal"}) {
    struct stat status{};
    ASSERT_EQ(stat(file.c_str(), &status), 0) << file;
    EXPECT_EQ(status.st_mode & 0777, 0600U) << file;
  }
}

TEST_F(SqliteRecordStoreTest, TwoProcessesSeeEachOthersCommits) {
  const auto one = open_store(path_, sealer_);
  const auto other = open_store(path_, sealer_);
  ASSERT_TRUE(one->commit(setting("capacity", "64")).run_now());
  EXPECT_EQ(other->all_settings().run_now()->front().second, "64");
  EXPECT_EQ(other->commit(setting("capacity", "65")).run_now().value_or(0), 2U);
  EXPECT_EQ(one->version().run_now().value_or(0), 2U);
}

TEST_F(SqliteRecordStoreTest, KeepsWhatBudgetsHaveComeTo) {
  const auto store = open_store(path_, sealer_);
  expect_checkpoints_are_kept(*store);
}

TEST_F(SqliteRecordStoreTest, FolderThatIsNotThereIsAClearFault) {
  const auto store = SqliteRecordStore::open({folder_.file("absent/record.db")}, sealer_);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().kind, FaultKind::unavailable);
  EXPECT_NE(store.error().message.find("absent/record.db"), std::string::npos);
}

TEST_F(SqliteRecordStoreTest, FileThatIsNoDatabaseIsAClearFault) {
  std::ofstream(path_) << std::string(4096, 'x');
  const auto store = SqliteRecordStore::open({path_}, sealer_);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().kind, FaultKind::broken);
}

TEST_F(SqliteRecordStoreTest, FullDiskRefusesWritesAndStillReads) {
  const auto store = open_store(path_, sealer_, 400 << 10);
  std::uint64_t committed = 0;
  Result<std::uint64_t> last = committed;
  while (committed < 1000) {
    last = store->commit(setting("s" + std::to_string(committed), std::string(20'000, 'x'))).run_now();
    if (!last) break;
    ++committed;
  }
  ASSERT_FALSE(last);
  EXPECT_EQ(last.error().kind, FaultKind::exhausted);
  EXPECT_NE(last.error().message.find("disk is full"), std::string::npos);
  EXPECT_EQ(store->version().run_now().value_or(0), committed);
  EXPECT_EQ(store->all_settings().run_now()->size(), committed);
  ports::Transaction smaller;
  smaller.writes = {ports::PutSetting{"s0", std::nullopt}};
  EXPECT_TRUE(store->commit(smaller).run_now());
  EXPECT_TRUE(store->commit(setting("s0", "small")).run_now());
}

TEST_F(SqliteRecordStoreTest, DatabaseThatAnotherProcessKeepsLockedIsUnavailable) {
  const auto store = std::move(*SqliteRecordStore::open({path_, 0, 1}, sealer_));
  SqliteConnection other({path_});
  const Transaction held(other, Transaction::Kind::write);
  const auto refused = store->commit(setting("capacity", "64")).run_now();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, FaultKind::unavailable);
  EXPECT_TRUE(refused.error().may_retry);
  EXPECT_TRUE(store->version().run_now());
}

TEST_F(SqliteRecordStoreTest, NoCredentialStandsInAnyFile) {
  const auto store = open_store(path_, sealer_);
  ASSERT_TRUE(store->commit(model_with_credentials()).run_now());
  EXPECT_EQ(store->find_model("llama").run_now()->value().api_key, Secret("planted-model-key"));
  std::size_t bytes_seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(file), {});
    bytes_seen += bytes.size();
    EXPECT_EQ(bytes.find("planted"), std::string::npos) << entry.path();
  }
  EXPECT_GT(bytes_seen, 4096U);
}

TEST_F(SqliteRecordStoreTest, CredentialsUnderALostKeyAreAFaultAndTheRestStillReads) {
  ASSERT_TRUE(open_store(path_, sealer_)->commit(model_with_credentials()).run_now());
  const AesGcmSealer other = sealer_of(2);
  const auto store = open_store(path_, other);
  const auto models = store->all_models().run_now();
  ASSERT_FALSE(models);
  EXPECT_NE(models.error().message.find("OBLETH_ENCRYPTION_KEY"), std::string::npos);
  EXPECT_EQ(models.error().message.find("planted"), std::string::npos);
  EXPECT_TRUE(store->list_tenants({}).run_now());
}

TEST_F(SqliteRecordStoreTest, WithoutAKeyCredentialsAreRefusedAndNothingIsStored) {
  const AesGcmSealer none(std::nullopt, std::nullopt);
  const auto store = open_store(path_, none);
  const auto refused = store->commit(model_with_credentials()).run_now();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().field, "OBLETH_ENCRYPTION_KEY");
  EXPECT_TRUE(store->all_models().run_now()->empty());
}

TEST_F(SqliteRecordStoreTest, CallFromALoopResumesOnThatLoop) {
  const auto store = open_store(path_, sealer_);
  ports::PostingLoop loop;
  EXPECT_EQ(loop.run(store->commit(setting("capacity", "64"))).value_or(0), 1U);
  EXPECT_EQ(loop.run(store->all_settings())->front().second, "64");
}

TEST_F(SqliteRecordStoreTest, ManyLoopsCommitAtOnceAndNoneIsLost) {
  const auto store = open_store(path_, sealer_);
  constexpr int threads = 4;
  constexpr int commits = 25;
  {
    std::vector<std::jthread> writers;
    for (int writer = 0; writer < threads; ++writer) {
      writers.emplace_back([&store, writer] {
        ports::PostingLoop loop;
        for (int number = 0; number < commits; ++number) {
          const std::string name = std::to_string(writer) + "-" + std::to_string(number);
          EXPECT_TRUE(loop.run(store->commit(setting(name, "x"))));
        }
      });
    }
  }
  EXPECT_EQ(store->version().run_now().value_or(0), static_cast<std::uint64_t>(threads * commits));
  EXPECT_EQ(store->all_settings().run_now()->size(), static_cast<std::size_t>(threads * commits));
}

Task<void> commit_and_forget(SqliteRecordStore& store) {
  const auto committed = co_await store.commit(setting("capacity", "64"));
  EXPECT_TRUE(committed);
}

TEST_F(SqliteRecordStoreTest, WaiterThatLeavesDoesNotUndoItsCommit) {
  const auto store = open_store(path_, sealer_);
  ports::PostingLoop loop;
  ports::Loop::set_current(&loop);
  {
    const Task<void> abandoned = commit_and_forget(*store);
    abandoned.await_suspend(std::noop_coroutine()).resume();
  }
  ports::Loop::set_current(nullptr);
  loop.turn_once();
  EXPECT_EQ(store->version().run_now().value_or(0), 1U);
}

TEST_F(SqliteRecordStoreTest, CredentialsAreSealedAnewAtStartSoThatTheFormerKeyCanGo) {
  ASSERT_TRUE(open_store(path_, sealer_)->commit(model_with_credentials()).run_now());
  const EncryptionKey first(EncryptionKey::Bytes{1});
  const EncryptionKey second(EncryptionKey::Bytes{2});
  const AesGcmSealer both(second, first);
  const std::uint64_t version = open_store(path_, sealer_)->version().run_now().value();
  EXPECT_EQ(open_store(path_, both)->version().run_now(), version) << "nothing has changed for anybody";
  const AesGcmSealer second_alone(second, std::nullopt);
  const auto store = open_store(path_, second_alone);
  const auto models = store->all_models().run_now();
  ASSERT_TRUE(models) << models.error().message;
  EXPECT_EQ(models->front().api_key, Secret("planted-model-key"));
  EXPECT_EQ(models->front().upstream_headers.front().second, Secret("planted-header"));
  EXPECT_EQ(models->front().endpoints.front().api_key, Secret("planted-endpoint-key"));
  EXPECT_EQ(store->find_mcp_server("tools").run_now()->value().auth_header, Secret("planted-auth-header"));
}

TEST_F(SqliteRecordStoreTest, WhatNoKeyOpensStaysAsItIs) {
  ASSERT_TRUE(open_store(path_, sealer_)->commit(model_with_credentials()).run_now());
  const AesGcmSealer stranger = sealer_of(9);
  EXPECT_FALSE(open_store(path_, stranger)->all_models().run_now());
  EXPECT_TRUE(open_store(path_, sealer_)->all_models().run_now());
}

TEST_F(SqliteRecordStoreTest, EveryCallIsTimedUnderItsName) {
  const auto store = open_store(path_, sealer_);
  std::vector<std::string> calls;
  store->watch_calls([&](std::string_view operation, Duration took) {
    EXPECT_GE(took, Duration{0});
    calls.emplace_back(operation);
  });
  ASSERT_TRUE(store->commit(setting("capacity", "64")).run_now());
  ASSERT_TRUE(store->version().run_now());
  EXPECT_FALSE(store->find_tenant("nobody").run_now()->has_value());
  EXPECT_EQ(calls, (std::vector<std::string>{"commit", "version", "find_tenant"}));
}

}  // namespace
}  // namespace obleth::adapters
