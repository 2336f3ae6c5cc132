#include "adapters/redis/redis_link.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>

#include "adapters/os/throwaway_certificate.hpp"
#include "adapters/redis/redis_process_test.hpp"

namespace obleth::adapters {
namespace {

using testing::LinkFloor;
using testing::RedisProcess;
using testing::run_on;
using testing::turn_until;

constexpr Duration call_max = std::chrono::milliseconds(250);

RedisCommand command(std::vector<std::string> words) {
  return {.operation = "test", .words = std::move(words)};
}

const RedisScript& adding_script() {
  static const RedisScript script("test", "return redis.call('INCRBY', KEYS[1], ARGV[1])");
  return script;
}

// A link over a server that the test breaks.
struct Linked {
  explicit Linked(RedisSettings settings, std::shared_ptr<const TlsCredentials> tls = nullptr)
      : floor(std::move(tls)), server(std::move(settings), floor.dialer, watch()), link(floor.loop, server) {}

  RedisWatch watch() {
    return {.state =
                [this](bool up, std::string_view why) {
                  is_up = up;
                  reason = why;
                  ++changes;
                },
            .call = {}};
  }
  Result<RedisReply> ask(std::vector<std::string> words) {
    return run_on(floor.loop, link.call(command(std::move(words))));
  }
  void until_up() {
    turn_until(floor.loop, [this] { return is_up; });
  }
  void until_down() {
    turn_until(floor.loop, [this] { return changes > 0 && !is_up; });
  }

  bool is_up = false;
  int changes = 0;
  std::string reason;
  LinkFloor floor;
  RedisServer server;
  RedisLink link;
};

TEST(RedisLink, WhatIsAskedBeforeItIsOpenIsAnswered) {
  RedisProcess redis;
  Linked linked(redis.settings());
  const auto reply = linked.ask({"ECHO", "hello"});
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->text, "hello");
}

TEST(RedisLink, AnswersFindTheirQuestionsThoughManyAskAtOnce) {
  RedisProcess redis;
  Linked linked(redis.settings());
  constexpr int questions = 500;
  std::vector<std::string> answers(questions);
  int answered = 0;
  for (int at = 0; at < questions; ++at) {
    spawn([](Linked& from, int number, std::vector<std::string>& into, int& count) -> Task<void> {
      const auto reply = co_await from.link.call(command({"ECHO", std::to_string(number)}));
      into[static_cast<std::size_t>(number)] = reply ? reply->text : reply.error().message;
      ++count;
    }(linked, at, answers, answered));
  }
  turn_until(linked.floor.loop, [&] { return answered == questions; });
  for (int at = 0; at < questions; ++at)
    EXPECT_EQ(answers[static_cast<std::size_t>(at)], std::to_string(at));
}

TEST(RedisLink, WhatOneTurnAsksLeavesInOneWrite) {
  RedisProcess redis;
  Linked linked(redis.settings());
  linked.until_up();
  const auto reads = [&redis] {
    const std::string stats = redis.ask({"INFO", "stats"}).text;
    const std::string name = "total_reads_processed:";
    return std::stoi(stats.substr(stats.find(name) + name.size()));
  };
  const int own = -(reads() - reads());
  const int before = reads();
  int answered = 0;
  for (int at = 0; at < 200; ++at) {
    spawn([](Linked& from, int& count) -> Task<void> {
      const auto reply = co_await from.link.call(command({"PING"}));
      count += reply ? 1 : 0;
    }(linked, answered));
  }
  turn_until(linked.floor.loop, [&] { return answered == 200; });
  EXPECT_LE(reads() - before - own, 10);
}

TEST(RedisLink, AWaiterThatLeavesDoesNotShiftTheAnswersOfOthers) {
  RedisProcess redis;
  Linked linked(redis.settings());
  linked.until_up();
  {
    RootTask leaving = [](RedisLink& link) -> RootTask {
      const auto reply = co_await link.call(command({"ECHO", "for nobody"}));
      static_cast<void>(reply);
    }(linked.link);
  }
  EXPECT_EQ(linked.ask({"ECHO", "for me"})->text, "for me");
}

TEST(RedisLink, AScriptThatTheServerDoesNotKnowIsTaught) {
  RedisProcess redis;
  Linked linked(redis.settings());
  const auto run = [&] { return run_on(linked.floor.loop, linked.link.run(adding_script(), {{"n"}, {"5"}})); };
  EXPECT_EQ(run()->integer, 5);
  EXPECT_EQ(run()->integer, 10);
  redis.ask({"SCRIPT", "FLUSH"});
  EXPECT_EQ(run()->integer, 15);
}

TEST(RedisLink, AnErrorOfTheCommandIsAReplyAndTheLinkGoesOn) {
  RedisProcess redis;
  Linked linked(redis.settings());
  const auto reply = linked.ask({"INCR"});
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->error_code(), "ERR");
  EXPECT_TRUE(linked.link.is_up());
}

TEST(RedisLink, AServerThatHangsCostsTheFirstCallItsDeadlineAndTheOthersNothing) {
  RedisProcess redis;
  RedisSettings settings = redis.settings();
  settings.call_max = call_max;
  Linked linked(settings);
  linked.until_up();
  redis.pause();
  EpollLoop& loop = linked.floor.loop;
  const Instant began = loop.refresh_now();
  const auto first = linked.ask({"PING"});
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().kind, FaultKind::timed_out);
  EXPECT_GE(loop.refresh_now() - began, call_max);
  EXPECT_FALSE(linked.is_up);
  // At once: without a turn of the loop.
  std::optional<FaultKind> second;
  spawn([](RedisLink& link, std::optional<FaultKind>& into) -> Task<void> {
    const auto reply = co_await link.call(command({"PING"}));
    if (!reply) into = reply.error().kind;
  }(linked.link, second));
  EXPECT_EQ(second, FaultKind::unavailable);
  redis.go_on();
  turn_until(loop, [&] { return linked.ask({"PING"}).has_value(); });
}

TEST(RedisLink, AServerThatWasKilledIsFoundAgain) {
  RedisProcess redis;
  Linked linked(redis.settings());
  linked.until_up();
  const std::uint64_t first = linked.link.connection_count();
  redis.kill();
  linked.until_down();
  EXPECT_FALSE(linked.ask({"PING"}));
  redis.start();
  linked.until_up();
  EXPECT_TRUE(linked.ask({"PING"}));
  EXPECT_GT(linked.link.connection_count(), first);
}

TEST(RedisLink, AConnectionLostInOrderIsOpenedAgainBeforeAnyCallFails) {
  RedisProcess redis;
  Linked linked(redis.settings());
  linked.until_up();
  const std::uint64_t first = linked.link.connection_count();
  redis.ask({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
  turn_until(linked.floor.loop, [&] { return linked.link.connection_count() > first; });
  EXPECT_TRUE(linked.ask({"PING"}));
}

TEST(RedisLink, AServerThatWasNeverThereIsDownAndFoundWhenItComes) {
  RedisProcess redis;
  redis.kill();
  Linked linked(redis.settings());
  linked.until_down();
  EXPECT_NE(linked.reason.find("refused"), std::string::npos) << linked.reason;
  redis.start();
  linked.until_up();
}

TEST(RedisLink, AWrongPasswordIsToldAndNeverShown) {
  RedisProcess redis({"--requirepass", "right-one"});
  RedisSettings settings = redis.settings();
  settings.address.password = Secret("wrong-one");
  Linked linked(settings);
  linked.until_down();
  EXPECT_NE(linked.reason.find("WRONGPASS"), std::string::npos) << linked.reason;
  EXPECT_EQ(linked.reason.find("wrong-one"), std::string::npos);
  // Mended at the server, it is found by itself.
  redis.ask(Secret("right-one"), {"CONFIG", "SET", "requirepass", "wrong-one"});
  linked.until_up();
}

TEST(RedisLink, AUserAndADatabaseAreUsed) {
  RedisProcess redis;
  redis.ask({"ACL", "SETUSER", "gate", "on", ">open-sesame", "~obleth:*", "&obleth:*", "+@all", "-config", "-role"});
  RedisSettings settings = redis.settings();
  settings.address.user = "gate";
  settings.address.password = Secret("open-sesame");
  settings.address.database = 2;
  Linked linked(settings);
  EXPECT_TRUE(linked.ask({"SET", "obleth:x", "1"}));
  EXPECT_EQ(redis.ask({"EXISTS", "obleth:x"}).integer, 0);
}

TEST(RedisLink, AUserWhoMayNotRunTheScriptsIsToldAtOnceAndFoundWhenHeMay) {
  RedisProcess redis;
  redis.ask({"ACL", "SETUSER", "gate", "on", ">open-sesame", "~obleth:*", "&obleth:*", "+@all", "-time"});
  RedisSettings settings = redis.settings();
  settings.address.user = "gate";
  settings.address.password = Secret("open-sesame");
  Linked linked(settings);
  linked.until_down();
  EXPECT_NE(linked.reason.find("(TIME)"), std::string::npos) << linked.reason;
  EXPECT_FALSE(linked.ask({"PING"}));
  redis.ask({"ACL", "SETUSER", "gate", "+time"});
  linked.until_up();
}

TEST(RedisLink, AUserWhoLosesARightIsDownUntilHeHasIt) {
  RedisProcess redis;
  redis.ask({"ACL", "SETUSER", "gate", "on", ">open-sesame", "~*", "&*", "+@all"});
  RedisSettings settings = redis.settings();
  settings.address.user = "gate";
  settings.address.password = Secret("open-sesame");
  Linked linked(settings);
  linked.until_up();
  for (const bool in_script : {false, true}) {
    redis.ask({"ACL", "SETUSER", "gate", "-incrby"});
    const auto refused = in_script ? run_on(linked.floor.loop, linked.link.run(adding_script(), {{"n"}, {"5"}}))
                                   : linked.ask({"INCRBY", "n", "5"});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, FaultKind::unavailable);
    turn_until(linked.floor.loop, [&] { return linked.reason.contains("(INCRBY)"); });
    EXPECT_FALSE(linked.is_up);
    redis.ask({"ACL", "SETUSER", "gate", "+incrby"});
    linked.until_up();
  }
}

TEST(RedisLink, AnEvictionPolicyThatForgetsIsRefused) {
  RedisProcess redis({"--maxmemory-policy", "allkeys-lru"});
  Linked linked(redis.settings());
  linked.until_down();
  EXPECT_NE(linked.reason.find("noeviction"), std::string::npos) << linked.reason;
  redis.ask({"CONFIG", "SET", "maxmemory-policy", "noeviction"});
  linked.until_up();
}

TEST(RedisLink, AServerOutOfMemoryIsDownUntilItHasSome) {
  RedisProcess redis;
  Linked linked(redis.settings());
  linked.until_up();
  redis.ask({"CONFIG", "SET", "maxmemory", "1"});
  const auto refused = run_on(linked.floor.loop, linked.link.run(adding_script(), {{"n"}, {"5"}}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, FaultKind::unavailable);
  EXPECT_NE(linked.reason.find("OOM"), std::string::npos) << linked.reason;
  redis.ask({"CONFIG", "SET", "maxmemory", "0"});
  linked.until_up();
  EXPECT_EQ(run_on(linked.floor.loop, linked.link.run(adding_script(), {{"n"}, {"5"}}))->integer, 5);
}

// Those that no test can bring a server of its own to: said by a script in Redis's words.
TEST(RedisLink, WhatItRefusesForTheTimeBeingMeansThatItIsDown) {
  RedisProcess redis;
  Linked linked(redis.settings());
  linked.until_up();
  for (const char* refusal : {
           "LOADING Redis is loading the dataset in memory",
           "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
           "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
           "NOREPLICAS Not enough good replicas to write.",
           "BUSY Redis is busy running a script.",
           "CLUSTERDOWN The cluster is down",
           "TRYAGAIN Multiple keys request during rehashing of slot",
           "NOPERM User default has no permissions to run the 'eval' command",
           "ERR Error running script (call to f_x): @user_script:1: -MISCONF Redis is configured to save RDB snapshots",
           "ERR Error running script (call to f_x): @user_script:1: -NOREPLICAS Not enough good replicas to write.",
           "ERR Error running script (call to f_x): @user_script:1: -OOM command not allowed",
           "ERR Error running script (call to f_x): @user_script:1: -READONLY You can't write against a read only "
           "replica.",
           "ERR The user executing the script can't run this command or subcommand script: f_x",
           "ERR ACL failure in script: User default has no permissions to run the 'set' command",
       }) {
    SCOPED_TRACE(refusal);
    const auto refused = linked.ask({"EVAL", "return redis.error_reply(ARGV[1])", "0", refusal});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, FaultKind::unavailable);
    EXPECT_NE(linked.reason.find(refusal), std::string::npos) << linked.reason;
    linked.until_up();
  }
  const int changes = linked.changes;
  const auto wrong = linked.ask({"EVAL", "return redis.error_reply(ARGV[1])", "0", "WRONGTYPE of this key alone"});
  ASSERT_TRUE(wrong);
  EXPECT_TRUE(wrong->is_error());
  EXPECT_EQ(linked.changes, changes);
}

TEST(RedisLink, AMasterThatBecomesAReplicaIsDown) {
  RedisProcess master;
  RedisProcess redis;
  Linked linked(redis.settings());
  linked.until_up();
  redis.ask({"REPLICAOF", "127.0.0.1", std::to_string(master.port())});
  const auto refused = linked.ask({"SET", "x", "1"});
  EXPECT_FALSE(refused);
  linked.until_down();
  redis.ask({"REPLICAOF", "NO", "ONE"});
  linked.until_up();
}

TEST(RedisLink, TheSentinelsLeadToTheMasterAndToItsSuccessor) {
  RedisProcess master;
  RedisProcess replica({"--replicaof", "127.0.0.1 " + std::to_string(master.port())});
  LinkFloor floor;
  turn_until(floor.loop, [&] {
    return replica.ask({"INFO", "replication"}).text.find("master_link_status:up") != std::string::npos;
  });
  RedisProcess sentinel(RedisProcess::WatchedMaster{"mymaster", master.port()});
  turn_until(floor.loop, [&] {
    const RedisReply known = sentinel.ask({"SENTINEL", "replicas", "mymaster"});
    return known.is_array() && known.items.size() == 1;
  });
  RedisSettings settings;
  settings.address = *RedisAddress::parse("redis://mymaster");
  settings.sentinels = {{"127.0.0.1", static_cast<std::uint16_t>(testing::free_port())},  // nobody is there
                        {"127.0.0.1", static_cast<std::uint16_t>(sentinel.port())}};
  Linked linked(settings);
  linked.until_up();
  master.kill();
  linked.until_down();
  linked.until_up();
  const RedisReply role = replica.ask({"ROLE"});
  EXPECT_EQ(role.items.front().text, "master");
  turn_until(linked.floor.loop, [&] { return linked.ask({"SET", "x", "1"}).has_value(); });
  EXPECT_EQ(replica.ask({"GET", "x"}).text, "1");
}

TEST(RedisLink, SpeaksTlsAndChecksTheCertificate) {
  const testing::ThrowawayCertificate certificate("IP:127.0.0.1");
  const int tls_port = testing::free_port();
  RedisProcess redis({"--tls-port", std::to_string(tls_port), "--tls-cert-file", certificate.certificate_file(),
                      "--tls-key-file", certificate.key_file(), "--tls-auth-clients", "no"});
  RedisSettings settings = redis.settings();
  settings.address.tls = true;
  settings.address.at.port = static_cast<std::uint16_t>(tls_port);
  {
    Linked linked(settings, *TlsCredentials::for_client(certificate.certificate_file()));
    EXPECT_EQ(linked.ask({"ECHO", "quietly"})->text, "quietly");
  }
  Linked distrustful(settings, *TlsCredentials::for_client(""));
  distrustful.until_down();
  EXPECT_NE(distrustful.reason.find("certificate"), std::string::npos) << distrustful.reason;
}

TEST(RedisLink, ThoseWhoWaitAtItsEndAreAnswered) {
  RedisProcess redis;
  Linked linked(redis.settings());
  linked.until_up();
  redis.pause();
  bool answered = false;
  spawn([](RedisLink& link, bool& was_answered) -> Task<void> {
    const auto reply = co_await link.call(command({"PING"}));
    was_answered = !reply;
  }(linked.link, answered));
  linked.link.close();
  EXPECT_TRUE(answered);
  redis.go_on();
}

}  // namespace
}  // namespace obleth::adapters
