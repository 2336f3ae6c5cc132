// Slots shared over a real Redis: the script gives the answers of ports/lease_rules, whatever replicas say and when.
#include "adapters/redis/redis_peers.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include "adapters/redis/redis_process_test.hpp"
#include "ports/lease_rules.hpp"

namespace obleth::adapters {
namespace {

using testing::LinkFloor;
using testing::RedisProcess;
using testing::run_on;
using testing::turn_until;

class SharedSlots : public ::testing::Test {
 protected:
  SharedSlots() {
    turn_until(floor_.loop, [this] { return link_.is_up(); });
  }
  Result<ports::PeerNews> exchange(const ports::PeerReport& report) {
    return run_on(floor_.loop, peers_.exchange(report));
  }

  // And a moment passes: entries are named by the millisecond.
  void flush() {
    redis_.ask({"FLUSHALL"});
    const RedisReply before = redis_.ask({"TIME"});
    const auto whole = [](const RedisReply& time) {
      return time.items.at(0).text + time.items.at(1).text.substr(0, 3);
    };
    while (whole(redis_.ask({"TIME"})) == whole(before)) {
    }
  }

  RedisProcess redis_;
  LinkFloor floor_;
  RedisServer server_{redis_.settings(), floor_.dialer};
  RedisLink link_{floor_.loop, server_};
  RedisPeers peers_{link_, "main"};
};

// What one replica said and heard, of Redis and of the rules.
struct Speaker {
  ports::PeerReport report;
  std::string heard_of_rules;
};

// What replicas say at random: mostly in order, now and then again, late, or for good.
class Chatter {
 public:
  explicit Chatter(std::uint32_t seed) : random_(seed) {}

  std::uint32_t up_to(std::uint32_t most) { return static_cast<std::uint32_t>(random_() % (most + 1)); }
  bool happens(std::uint32_t percent) { return random_() % 100 < percent; }
  Speaker& anyone() { return speakers_.at(random_() % speakers_.size()); }

  void say(Speaker& speaker) {
    const auto at = static_cast<std::size_t>(&speaker - speakers_.data());
    ports::PeerReport& report = speaker.report;
    report.replica = "replica " + std::to_string(at) + "." + std::to_string(lives_.at(at));
    report.place = happens(70) ? "/place/" + std::to_string(at) : "";
    if (!happens(10)) ++report.sequence;
    report.capacity = happens(90) ? 12 : up_to(20);
    report.held = up_to(12);
    report.wanted = up_to(12);
    report.useful = up_to(20);
    report.leaves = happens(3);
    report.demands = "demands\n" + std::to_string(up_to(99));
    if (happens(50)) {
      ++report.batch;
      report.work = "work " + std::to_string(report.batch) + " of " + report.replica;
    } else if (happens(50)) {
      report.work.clear();
    }
    if (happens(2)) report.epoch = up_to(1);
  }
  // A process ends; another one starts in its place.
  void restart(Speaker& speaker) {
    ++lives_.at(static_cast<std::size_t>(&speaker - speakers_.data()));
    speaker = {};
  }

 private:
  std::mt19937 random_;
  std::array<Speaker, 4> speakers_;
  std::array<int, 4> lives_{};
};

void expect_same(ports::PeerNews redis, const ports::PeerNews& rules) {
  std::ranges::sort(redis.peers, {}, &ports::Peer::replica);
  EXPECT_EQ(redis.epoch, rules.epoch);
  EXPECT_EQ(redis.told_at_ms, rules.told_at_ms);
  EXPECT_EQ(redis.lease, rules.lease);
  EXPECT_EQ(redis.replicas, rules.replicas);
  EXPECT_EQ(redis.work, rules.work);
  ASSERT_EQ(redis.peers.size(), rules.peers.size());
  for (std::size_t at = 0; at < rules.peers.size(); ++at) {
    EXPECT_EQ(redis.peers[at].replica, rules.peers[at].replica);
    EXPECT_EQ(redis.peers[at].demands, rules.peers[at].demands);
  }
}

int rounds() {
  const char* const wanted = std::getenv("OBLETH_LEASE_ROUNDS");
  return wanted == nullptr ? 4000 : std::atoi(wanted);
}

TEST_F(SharedSlots, TheScriptObeysTheRulesWhateverReplicasSay) {
  const std::uint32_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Chatter chatter(seed);
  ports::LeaseRules rules;
  std::int64_t now_ms = 1'800'000'000'000;
  for (int round = 0; round < rounds() && !HasFailure(); ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    now_ms += chatter.happens(3) ? chatter.up_to(70'000) : chatter.up_to(400);
    if (chatter.happens(1)) {
      flush();
      rules.flush();
    }
    Speaker& speaker = chatter.anyone();
    if (chatter.happens(2)) chatter.restart(speaker);
    chatter.say(speaker);
    peers_.stand_at(now_ms);
    const auto news = exchange(speaker.report);
    ASSERT_TRUE(news.has_value()) << news.error().message;
    ports::PeerReport for_rules = speaker.report;
    for_rules.heard = speaker.heard_of_rules;
    const ports::PeerNews expected = rules.exchange(for_rules, now_ms);
    expect_same(*news, expected);
    if (chatter.happens(10)) continue;  // the answer is lost
    speaker.report.epoch = news->epoch;
    speaker.report.heard_at_ms = news->told_at_ms;
    speaker.report.heard = news->heard;
    speaker.heard_of_rules = expected.heard;
  }
}

TEST_F(SharedSlots, NamesHaveOneHashTagAndExpireByThemselves) {
  const auto news = exchange({.replica = "one", .sequence = 1, .capacity = 8, .wanted = 8, .batch = 1, .work = "w"});
  ASSERT_TRUE(news.has_value());
  EXPECT_EQ(news->lease, 8U);
  for (const std::string& name : {"obleth:pool:1:{main}:replicas", "obleth:pool:1:{main}:work"}) {
    const RedisReply left = redis_.ask({"PTTL", name});
    EXPECT_GT(left.integer, 500'000) << name;
    EXPECT_LE(left.integer, 600'000) << name;
  }
}

TEST_F(SharedSlots, TimeIsThatOfRedis) {
  const auto first = exchange({.replica = "one", .sequence = 1, .capacity = 8, .wanted = 8});
  const RedisReply time = redis_.ask({"TIME"});
  ASSERT_TRUE(first.has_value());
  EXPECT_NEAR(static_cast<double>(first->told_at_ms), std::stod(time.items.at(0).text) * 1000, 60'000);
}

TEST_F(SharedSlots, ServerThatWasStartedAnewIsTaughtTheScriptAgain) {
  ports::PeerReport report{.replica = "one", .sequence = 1, .capacity = 8, .wanted = 8};
  const auto before = exchange(report);
  ASSERT_TRUE(before.has_value());
  redis_.kill();
  redis_.start();
  turn_until(floor_.loop, [this] { return link_.connection_count() == 2 && link_.is_up(); });
  report.epoch = before->epoch;
  report.held = 5;
  const auto after = exchange(report);
  ASSERT_TRUE(after.has_value()) << after.error().message;
  EXPECT_NE(after->epoch, before->epoch);
  EXPECT_EQ(after->lease, 5U) << "others may hold the rest, and have not said so yet";
}

TEST_F(SharedSlots, ServerWithoutMemoryIsOneThatIsAway) {
  redis_.ask({"CONFIG", "SET", "maxmemory", "1"});
  const auto news = exchange({.replica = "one", .sequence = 1, .capacity = 8, .wanted = 8});
  ASSERT_FALSE(news.has_value());
  EXPECT_EQ(news.error().kind, FaultKind::unavailable);
}

}  // namespace
}  // namespace obleth::adapters
