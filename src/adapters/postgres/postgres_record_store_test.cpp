// What replicas share, and what a database that is away, stopped or broken off does to them.
#include "adapters/postgres/postgres_record_store.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <latch>
#include <thread>

#include "adapters/crypto/aes_gcm_sealer.hpp"
#include "adapters/postgres/test_database_test.hpp"
#include "adapters/sql/audit_plans_test.hpp"
#include "adapters/sql/spending_checkpoint_contract_test.hpp"
#include "observe/log.hpp"

namespace obleth::adapters {
namespace {

const AesGcmSealer& sealer() {
  static const AesGcmSealer sealer(EncryptionKey(EncryptionKey::Bytes{1}), std::nullopt);
  return sealer;
}

std::unique_ptr<PostgresRecordStore> open(const PostgresAddress& address, PostgresDeadlines deadlines = patient) {
  return std::move(*PostgresRecordStore::open(address, sealer(), {.deadlines = deadlines}));
}

Result<std::uint64_t> put_setting(ports::RecordStore& store, const std::string& name) {
  ports::Transaction transaction;
  transaction.writes = {ports::PutSetting{name, "1"}};
  return store.commit(std::move(transaction)).run_now();
}

bool answers(PostgresRecordStore& store) {
  return store.version().run_now().has_value();
}

TEST(PostgresRecordStore, ReplicasThatStartAtOnceMakeOneSchema) {
  const PostgresAddress address = test_server().address(test_server().make_database());
  std::vector<std::thread> replicas;
  std::latch all(4);
  std::atomic<int> ready = 0;
  for (int replica = 0; replica < 4; ++replica) {
    replicas.emplace_back([&] {
      all.arrive_and_wait();
      const auto store = open(address);
      if (seen_in_time([&] { return answers(*store); })) ++ready;
    });
  }
  for (std::thread& replica : replicas)
    replica.join();
  EXPECT_EQ(ready, 4);
  EXPECT_EQ(open(address)->list_groups({}).run_now()->rows.size(), 1U);
}

TEST(PostgresRecordStore, WritesOfTwoReplicasAreAllCountedInTheVersion) {
  const PostgresAddress address = test_server().address(test_server().make_database());
  const auto one = open(address);
  const auto two = open(address);
  constexpr int writes = 25;
  const auto write_all = [](PostgresRecordStore& store, const std::string& prefix) {
    for (int write = 0; write < writes; ++write)
      EXPECT_TRUE(put_setting(store, prefix + std::to_string(write)));
  };
  std::thread other([&] { write_all(*two, "two-"); });
  write_all(*one, "one-");
  other.join();
  EXPECT_EQ(one->version().run_now().value_or(0), 2U * writes);
  EXPECT_EQ(two->all_settings().run_now()->size(), 2U * writes);
}

TEST(PostgresRecordStore, KeepsWhatBudgetsHaveComeTo) {
  const auto store = open(test_server().address(test_server().make_database()));
  expect_checkpoints_are_kept(*store);
}

TEST(PostgresRecordStore, DatabaseOfANewerVersionIsRefused) {
  const PostgresAddress address = test_server().address(test_server().make_database());
  ASSERT_TRUE(answers(*open(address)));
  PostgresSession session(address, patient);
  session.connect();
  session.execute("UPDATE meta SET value = 900 WHERE name IN ('schema', 'oldest_reader')");
  const auto refused = PostgresRecordStore::open(address, sealer(), {.deadlines = patient});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, FaultKind::conflict);
  session.execute("UPDATE meta SET value = 1 WHERE name = 'oldest_reader'");
  EXPECT_TRUE(PostgresRecordStore::open(address, sealer(), {.deadlines = patient}));
}

TEST(PostgresRecordStore, ConnectionThatWasEndedMeanwhileIsMadeAnewForTheNextCall) {
  const PostgresAddress address = test_server().address(test_server().make_database());
  const auto store = open(address);
  PostgresSession operator_session(address, patient);
  operator_session.connect();
  for (int round = 0; round < 5; ++round) {
    ASSERT_TRUE(put_setting(*store, "before"));
    operator_session.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> "
        "pg_backend_pid()");
    EXPECT_TRUE(put_setting(*store, "after"));
    EXPECT_TRUE(answers(*store));
  }
}

TEST(PostgresRecordStore, AWriteThatDoesNotGetItsTurnLeavesASessionThatCanBeUsed) {
  const PostgresAddress address = test_server().address(test_server().make_database());
  const auto store = open(address);
  PostgresSession stuck_replica(address, patient);
  stuck_replica.connect();
  stuck_replica.execute("BEGIN; SELECT pg_advisory_xact_lock(8030593374890878068)");
  EXPECT_FALSE(put_setting(*store, "waits"));
  stuck_replica.execute("COMMIT");
  for (int question = 0; question < 40; ++question)
    ASSERT_TRUE(answers(*store)) << "any of the store's sessions may be asked";
  EXPECT_TRUE(put_setting(*store, "goes on"));
}

TEST(PostgresRecordStore, DatabaseThatIsAwayAtTheStartIsAwaited) {
  TestServer server;
  const PostgresAddress address = server.address(server.make_database());
  server.end(SIGQUIT);
  const auto store = open(address);
  const auto refused = store->version().run_now();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, FaultKind::unavailable);
  server.start();
  EXPECT_TRUE(seen_in_time([&] { return answers(*store); }));
  EXPECT_TRUE(put_setting(*store, "capacity"));
}

TEST(PostgresRecordStore, KilledDatabaseIsRefusedAtOnceAndFoundAgain) {
  TestServer server;
  const auto store = open(server.address(server.make_database()));
  ASSERT_TRUE(put_setting(*store, "before"));
  std::atomic<int> times_up = 0;
  std::atomic<int> times_down = 0;
  store->watch_health([&](bool up, const Fault&) { ++(up ? times_up : times_down); });
  server.end(SIGQUIT);
  EXPECT_TRUE(seen_in_time([&] { return !answers(*store); }));
  EXPECT_FALSE(put_setting(*store, "meanwhile"));
  EXPECT_GT(times_down, 0);
  server.start();
  EXPECT_TRUE(seen_in_time([&] { return put_setting(*store, "after").has_value(); }));
  EXPECT_GE(times_up, 2);
}

TEST(PostgresRecordStore, StoppedDatabaseCostsTheFirstCallsTheirDeadlineAndTheOthersNothing) {
  TestServer server;
  const std::string database = server.make_database();
  ASSERT_TRUE(answers(*open(server.address(database))));
  const Duration deadline = std::chrono::milliseconds(700);
  const auto store = open(server.address(database), {.connect = deadline, .statement = deadline});
  ASSERT_TRUE(seen_in_time([&] { return answers(*store); }));
  // Every process of the server: a stopped postmaster alone leaves its sessions running.
  const std::string all = std::to_string(server.process());
  ASSERT_EQ(std::system(("pkill -STOP -P " + all + "; kill -STOP " + all).c_str()), 0);
  EXPECT_TRUE(seen_in_time([&] { return !answers(*store); }));
  // The breaker is open: no call waits. One in many may come just when an attempt has begun; none waits for it.
  const auto began = std::chrono::steady_clock::now();
  for (int call = 0; call < 1000; ++call)
    EXPECT_FALSE(answers(*store));
  EXPECT_LT(std::chrono::steady_clock::now() - began, 100 * deadline);
  ASSERT_EQ(std::system(("pkill -CONT -P " + all + "; kill -CONT " + all).c_str()), 0);
  EXPECT_TRUE(seen_in_time([&] { return answers(*store); }));
}

TEST(PostgresRecordStore, SlowStatementCostsNobodyElseTheDatabase) {
  const PostgresAddress address = test_server().address(test_server().make_database());
  ASSERT_TRUE(answers(*open(address)));
  const auto store = open(address, {.connect = patient.connect, .statement = std::chrono::milliseconds(700)});
  ASSERT_TRUE(seen_in_time([&] { return answers(*store); }));
  std::atomic<int> times_down = 0;
  store->watch_health([&](bool up, const Fault&) { times_down += up ? 0 : 1; });
  PostgresSession holder(address, patient);
  holder.connect();
  holder.execute("BEGIN; LOCK TABLE audit IN ACCESS EXCLUSIVE MODE");
  EXPECT_EQ(store->list_audit({}).run_now().error().kind, FaultKind::unavailable);
  EXPECT_TRUE(seen_in_time([&] { return answers(*store); }));
  holder.execute("ROLLBACK");
  EXPECT_TRUE(seen_in_time([&] { return store->list_audit({}).run_now().has_value(); }));
  EXPECT_EQ(times_down, 0);
}

TEST(PostgresRecordStore, AuditIsReadAndForgottenByItsIndexes) {
  const PostgresAddress address = test_server().address(test_server().make_database());
  ASSERT_TRUE(answers(*open(address)));
  PostgresSession session(address, patient);
  session.connect();
  // A change and a call each minute; the last ones are of minute 20,000.
  session.execute(
      "INSERT INTO audit SELECT uuid_send(gen_random_uuid()), at * 60000, 'root', '', 'tenant.update', 'tenant',"
      " at::text, 't' || at, '', '' FROM generate_series(1, 20000) AS at;"
      "INSERT INTO audit SELECT uuid_send(gen_random_uuid()), at * 60000, 't' || at % 7, '', 'mcp.call', 'mcp_tool',"
      " 'tools', 'tools/' || at % 9, '', '' FROM generate_series(1, 20000) AS at;"
      "ANALYZE audit");
  ExplainedSession explained(session, "EXPLAIN (COSTS OFF) ", 0);
  for (const AuditPlan& asked : audit_plans(explained, WallTime{20'000LL * 60'000})) {
    for (const std::string& index : asked.indexes)
      EXPECT_TRUE(asked.plan.contains(index)) << index << "\n" << asked.plan;
    EXPECT_FALSE(asked.plan.contains("Seq Scan")) << asked.plan;
  }
}

TEST(PostgresSession, WhatTheServerRemarksIsALineOfTheLog) {
  const PostgresAddress address = test_server().address("postgres");
  PostgresSession session(address, patient);
  ::testing::internal::CaptureStderr();
  observe::set_log_level(observe::LogLevel::debug);
  session.connect();
  session.execute("DO $$ BEGIN RAISE WARNING 'remarked'; END $$");
  observe::set_log_level(observe::LogLevel::info);
  const std::string told = ::testing::internal::GetCapturedStderr();
  EXPECT_TRUE(told.starts_with("{")) << told;
  EXPECT_NE(told.find(R"("notice":"WARNING:  remarked")"), std::string::npos) << told;
}

TEST(PostgresAddress, APortIsANumberThatThereIs) {
  for (const char* wrong : {"0", "65536", "99999", "99999999999999999999", "5432,99999", "54x"}) {
    const std::string url = "postgresql://u:p@a,b/x?port=" + std::string(wrong);
    EXPECT_FALSE(PostgresAddress::parse(Secret(url))) << wrong;
  }
  for (const char* right : {"", "1", "5432", "65535", "5432,65535", ",5433"}) {
    const std::string url = "postgresql://u:p@a,b/x?port=" + std::string(right);
    EXPECT_TRUE(PostgresAddress::parse(Secret(url))) << right;
  }
}

PostgresAddress address_of(const std::string& url, PostgresAddress::FindAddresses find) {
  PostgresAddress address = *PostgresAddress::parse(Secret(url));
  address.find_addresses_with(std::move(find));
  return address;
}

// "hosts addresses ports" as libpq gets them.
std::string hosts_of(const Result<PostgresAddress::Parameters>& parameters) {
  if (!parameters) return parameters.error().message;
  std::string text;
  for (const char* wanted : {"host", "hostaddr", "port"}) {
    const auto found = std::ranges::find(*parameters, wanted, &std::pair<std::string, Secret>::first);
    text.append(text.empty() ? "" : " ").append(found == parameters->end() ? "-" : found->second.reveal());
  }
  return text;
}

TEST(PostgresAddress, HostsKeepTheirNamesAndPortsBesideTheirAddresses) {
  const auto find = [](const std::string& name, Duration) -> Result<std::vector<std::string>> {
    if (name == "a") return std::vector<std::string>{"10.0.0.1", "fd00::1"};
    if (name == "b") return std::vector<std::string>{"10.0.0.2"};
    return fail(upstream_fault(FaultKind::unreachable, "no " + name, true));
  };
  const auto hosts = [&find](const std::string& hosts_and_ports) {
    const PostgresAddress address = address_of("postgresql://u:p@/x?" + hosts_and_ports, find);
    return hosts_of(address.with_addresses(std::chrono::seconds(2)));
  };
  EXPECT_EQ(hosts("host=b"), "b 10.0.0.2 -");
  EXPECT_EQ(hosts("host=a&port=5433"), "a,a 10.0.0.1,fd00::1 5433,5433");
  EXPECT_EQ(hosts("host=a,b&port=5433"), "a,a,b 10.0.0.1,fd00::1,10.0.0.2 5433");
  EXPECT_EQ(hosts("host=a,gone,b&port=1,2,3"), "a,a,b 10.0.0.1,fd00::1,10.0.0.2 1,1,3");
  EXPECT_EQ(hosts("host=/run/postgresql,b,::1"), "/run/postgresql,b,::1 ,10.0.0.2, -");
  EXPECT_EQ(hosts("host=gone"), "no gone");
  EXPECT_EQ(hosts("host=/run/postgresql"), "/run/postgresql - -");
  EXPECT_EQ(hosts("host=b&hostaddr=10.9.9.9"), "b 10.9.9.9 -");
  EXPECT_EQ(hosts("host=a,b,gone&port=1,2"), "a,b,gone - 1,2");  // libpq refuses it
}

TEST(PostgresAddress, AHostWhoseNameHangsLeavesTheOthersTheirTime) {
  std::vector<Duration> given;
  const PostgresAddress address = address_of("postgresql://u:p@a,b/x", [&given](const std::string&, Duration at_most) {
    given.push_back(at_most);
    return Result<std::vector<std::string>>(std::vector<std::string>{"10.0.0.1"});
  });
  ASSERT_TRUE(address.with_addresses(std::chrono::seconds(2)));
  ASSERT_EQ(given.size(), 2U);
  EXPECT_LE(given[0], std::chrono::seconds(1));
  EXPECT_GT(given[1], std::chrono::seconds(1));
}

TEST(PostgresRecordStore, ANameThatIsNotFoundIsSaidInsteadOfWaitedFor) {
  std::atomic<int> asked = 0;
  const auto store = open(address_of("postgresql://u:p@pg.example/x",
                                     [&asked](const std::string&, Duration) -> Result<std::vector<std::string>> {
                                       ++asked;
                                       return fail(upstream_fault(FaultKind::timed_out, "no answer yet", true));
                                     }));
  const auto refused = store->version().run_now();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, FaultKind::unavailable);
  EXPECT_NE(refused.error().message.find("no answer yet"), std::string::npos) << refused.error().message;
  EXPECT_GE(asked, 1);
}

TEST(PostgresRecordStore, OpensInItsTimeWhileANameServiceHangs) {
  std::latch go_on(1);
  const PostgresAddress hanging = address_of(
      "postgresql://u:p@pg.example/x", [&go_on](const std::string&, Duration) -> Result<std::vector<std::string>> {
        go_on.wait();
        return fail(upstream_fault(FaultKind::timed_out, "no answer", true));
      });
  const auto store = open(hanging, {.connect = std::chrono::milliseconds(20)});
  EXPECT_FALSE(answers(*store));
  go_on.count_down();
}

TEST(PostgresRecordStore, ConnectsToTheOtherHostWhereANameHasNoAddress) {
  const std::string name = test_server().make_database();
  const std::string url = "postgresql://postgres@/" + name + "?host=name.example," + test_server().folder();
  const auto store = open(address_of(url, [](const std::string&, Duration) -> Result<std::vector<std::string>> {
    return fail(upstream_fault(FaultKind::unreachable, "no such name", true));
  }));
  EXPECT_TRUE(answers(*store));
}

TEST(PostgresRecordStore, PasswordIsInNoFault) {
  const auto address = PostgresAddress::parse(Secret("postgresql://obleth:planted-secret@127.0.0.1:1/obleth"));
  ASSERT_TRUE(address);
  EXPECT_EQ(address->shown(), "postgresql://127.0.0.1:1/obleth");
  const auto refused = open(*address)->version().run_now();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message.find("planted-secret"), std::string::npos) << refused.error().message;
  for (const char* wrong : {"postgresql://u:planted-secret@h:port/x", "mysql://planted-secret@h/x", "planted-secret"}) {
    const auto unread = PostgresAddress::parse(Secret(wrong));
    ASSERT_FALSE(unread) << wrong;
    EXPECT_EQ(unread.error().message.find("planted-secret"), std::string::npos);
  }
}

}  // namespace
}  // namespace obleth::adapters
