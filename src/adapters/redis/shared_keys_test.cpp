// The tier of keys and the change feed, between replicas over a real Redis.
#include <gtest/gtest.h>

#include <string>

#include "adapters/caching/scripted_store_test.hpp"
#include "adapters/memory/change_feed.hpp"
#include "adapters/redis/redis_change_feed.hpp"
#include "adapters/redis/redis_key_tier.hpp"
#include "adapters/redis/redis_process_test.hpp"

namespace obleth::adapters {
namespace {

using testing::LinkFloor;
using testing::RedisProcess;
using testing::run_on;
using testing::turn_until;

constexpr WallTime now{1'700'000'000'000};

SecretHash a_hash(std::uint8_t fill) {
  SecretHash hash;
  hash.bytes.fill(fill);
  return hash;
}

ResolvedKey a_key(std::uint8_t fill) {
  ResolvedKey resolved;
  resolved.key.id = {{fill, 1}};
  resolved.key.hash = a_hash(fill);
  return resolved;
}

// One obleth, as far as keys and news go.
struct Replica {
  Replica(LinkFloor& on, const RedisSettings& settings, ports::RecordStore& record, std::string name)
      : floor(on),
        server(settings, floor.dialer),
        link(floor.loop, server),
        tier(server, record, local, std::chrono::minutes(5)),
        feed(server, local, std::move(name)) {
    local.subscribe([this](const ports::Change& change) { heard.push_back(change); });
    turn_until(floor.loop, [this] { return link.is_up(); });
  }
  Result<std::optional<ResolvedKey>> resolve(std::uint8_t fill) {
    auto found = run_on(floor.loop, tier.resolve_key(a_hash(fill), now));
    // What it keeps is kept by a call of its own: one that comes after it is answered after it.
    static_cast<void>(run_on(floor.loop, link.call({.operation = "test", .words = {"PING"}})));
    return found;
  }
  [[nodiscard]] bool heard_any() const { return !heard.empty(); }

  LinkFloor& floor;
  InProcessChangeFeed local;
  RedisServer server;
  RedisLink link;
  RedisKeyTier tier;
  RedisChangeFeed feed;
  std::vector<ports::Change> heard;
};

// Two replicas take turns on one loop: each makes its link there while the other has none.
class SharedKeys : public ::testing::Test {
 protected:
  SharedKeys() { record_.put(a_key(1)); }

  RedisProcess redis_;
  ScriptedStore record_;
  LinkFloor floor_;
};

TEST_F(SharedKeys, WhatOneReplicaFoundAnotherNeedNotAskTheRecordFor) {
  {
    Replica first(floor_, redis_.settings(), record_, "first");
    ASSERT_TRUE(first.resolve(1)->has_value());
  }
  ASSERT_EQ(record_.questions(), 1);
  Replica second(floor_, redis_.settings(), record_, "second");
  const auto found = second.resolve(1);
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->key.id, a_key(1).key.id);
  EXPECT_EQ(record_.questions(), 1);
}

TEST_F(SharedKeys, NoSecretAndNoOtherNameLiesInRedis) {
  Replica replica(floor_, redis_.settings(), record_, "first");
  ASSERT_TRUE(replica.resolve(1)->has_value());
  const RedisReply names = redis_.ask({"KEYS", "obleth:key:*"});
  ASSERT_EQ(names.items.size(), 1U);
  EXPECT_GT(redis_.ask({"PTTL", names.items[0].text}).integer, 0);
}

TEST_F(SharedKeys, AnEntryThatWasKeptForAnotherTimeIsNotBelieved) {
  Replica replica(floor_, redis_.settings(), record_, "first");
  ASSERT_TRUE(replica.resolve(1)->has_value());
  replica.tier.set_fresh_for(std::chrono::seconds(2));
  ASSERT_TRUE(replica.resolve(1)->has_value());
  EXPECT_EQ(record_.questions(), 2);
  const RedisReply names = redis_.ask({"KEYS", "obleth:key:1:2000:*"});
  ASSERT_EQ(names.items.size(), 1U);
  EXPECT_LE(redis_.ask({"PTTL", names.items[0].text}).integer, 2000);
}

TEST_F(SharedKeys, AnEntryFromBeforeAChangeIsNotBelieved) {
  Replica replica(floor_, redis_.settings(), record_, "first");
  ASSERT_TRUE(replica.resolve(1)->has_value());
  record_.forget(a_hash(1));
  record_.version_now = 2;
  replica.local.publish(ports::KeyChanged{});
  EXPECT_FALSE(replica.resolve(1)->has_value());
}

TEST_F(SharedKeys, AVersionThatThePollFoundMakesOlderEntriesWorthless) {
  Replica replica(floor_, redis_.settings(), record_, "first");
  ASSERT_TRUE(replica.resolve(1)->has_value());
  record_.forget(a_hash(1));
  replica.tier.learn_version(2, replica.tier.news_count());
  EXPECT_FALSE(replica.resolve(1)->has_value());
}

TEST_F(SharedKeys, AfterThePollSharedKeysServeThoughTheRecordIsAwayAndNewsWasHeard) {
  Replica replica(floor_, redis_.settings(), record_, "first");
  ASSERT_TRUE(replica.resolve(1)->has_value());
  replica.local.publish(ports::KeyChanged{});
  record_.down = true;
  ASSERT_FALSE(replica.resolve(1).has_value());
  replica.tier.learn_version(1, replica.tier.news_count());
  const auto found = replica.resolve(1);
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->key.id, a_key(1).key.id);
}

TEST_F(SharedKeys, NewsThatCameWhileThePollAskedIsNotTakenForKnown) {
  Replica replica(floor_, redis_.settings(), record_, "first");
  ASSERT_TRUE(replica.resolve(1)->has_value());
  const std::uint64_t news_before = replica.tier.news_count();
  replica.local.publish(ports::KeyChanged{});
  replica.tier.learn_version(1, news_before);
  record_.down = true;
  EXPECT_FALSE(replica.resolve(1).has_value());
}

TEST_F(SharedKeys, WhileTheRecordIsDownSharedKeysServeOn) {
  Replica replica(floor_, redis_.settings(), record_, "first");
  ASSERT_TRUE(replica.resolve(1)->has_value());
  record_.down = true;
  EXPECT_TRUE(replica.resolve(1)->has_value());
  // But not after news whose meaning only the record knows.
  replica.local.publish(ports::KeyChanged{});
  EXPECT_FALSE(replica.resolve(1).has_value());
}

TEST_F(SharedKeys, WithoutRedisTheRecordIsAsked) {
  Replica replica(floor_, redis_.settings(), record_, "first");
  redis_.kill();
  EXPECT_TRUE(run_on(floor_.loop, replica.tier.resolve_key(a_hash(1), now))->has_value());
}

TEST_F(SharedKeys, AFormerSecretEndsWithItsGraceThoughItsEntryLives) {
  ResolvedKey rotated = a_key(2);
  rotated.key.former_hash = a_hash(3);
  rotated.key.former_expires_at = WallTime{now.unix_ms + 1000};
  record_.put(rotated);
  Replica replica(floor_, redis_.settings(), record_, "first");
  EXPECT_TRUE(replica.resolve(3)->has_value());
  const WallTime later{now.unix_ms + 1000};
  EXPECT_FALSE(run_on(floor_.loop, replica.tier.resolve_key(a_hash(3), later))->has_value());
}

TEST_F(SharedKeys, AChangeReachesTheOtherReplicaAndComesBackToNobody) {
  LinkFloor other_floor;
  Replica teller(floor_, redis_.settings(), record_, "teller");
  Replica hearer(other_floor, redis_.settings(), record_, "hearer");
  const RedisChangeListener own_ears(floor_.loop, teller.server, teller.feed);
  const RedisChangeListener ears(other_floor.loop, hearer.server, hearer.feed);
  turn_until(floor_.loop, [&] { return teller.heard_any(); });
  turn_until(other_floor.loop, [&] { return hearer.heard_any(); });
  teller.heard.clear();
  hearer.heard.clear();
  ports::Loop::set_current(&floor_.loop);
  const ports::KeyChanged news{KeyId{{1, 1}}, TenantId{{2, 2}}};
  teller.feed.publish(news);
  ASSERT_EQ(teller.heard.size(), 1U);
  EXPECT_TRUE(run_on(floor_.loop, teller.feed.tell_replicas({news})));
  turn_until(floor_.loop, [&] {
    other_floor.loop.turn(Duration::zero());
    return hearer.heard_any();
  });
  EXPECT_EQ(std::get<ports::KeyChanged>(hearer.heard.front()).key, news.key);
  EXPECT_EQ(teller.heard.size(), 1U);
}

TEST_F(SharedKeys, AChangeThatNobodyCanBeToldOfIsAFault) {
  Replica replica(floor_, redis_.settings(), record_, "first");
  EXPECT_TRUE(run_on(floor_.loop, replica.feed.tell_replicas({ports::ModelsChanged{}})));
  redis_.kill();
  const Result<void> told = run_on(floor_.loop, replica.feed.tell_replicas({ports::ModelsChanged{}}));
  ASSERT_FALSE(told);
  EXPECT_EQ(told.error().source, FaultSource::store);
}

TEST_F(SharedKeys, AListenerThatWasCutOffTakesEverythingForChanged) {
  Replica replica(floor_, redis_.settings(), record_, "first");
  const RedisChangeListener ears(floor_.loop, replica.server, replica.feed);
  turn_until(floor_.loop, [&] { return replica.heard_any(); });
  replica.heard.clear();
  redis_.kill();
  redis_.start();
  turn_until(floor_.loop, [&] { return replica.heard_any(); });
  EXPECT_TRUE(std::holds_alternative<ports::EverythingChanged>(replica.heard.front()));
}

}  // namespace
}  // namespace obleth::adapters
