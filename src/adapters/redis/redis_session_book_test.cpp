// Sessions of MCP clients, between replicas over a real Redis.
#include "adapters/redis/redis_session_book.hpp"

#include <gtest/gtest.h>

#include "adapters/memory/session_book.hpp"
#include "adapters/os/system_clock.hpp"
#include "adapters/redis/redis_process_test.hpp"

namespace obleth::adapters {
namespace {

using testing::LinkFloor;
using testing::RedisProcess;
using testing::run_on;
using testing::turn_until;

ports::SessionName name(std::uint8_t number) {
  ports::SessionName named{};
  named.fill(number);
  return named;
}
ports::SessionEntry entry(std::uint64_t tenant, std::string target = {}) {
  return {TenantId{{7, tenant}}, KeyId{{0, 1}}, std::move(target)};
}

struct Replica {
  Replica(LinkFloor& on, const RedisSettings& settings)
      : floor(on), server(settings, floor.dialer), link(floor.loop, server), book(server, near) {
    turn_until(floor.loop, [this] { return link.is_up(); });
  }
  Result<bool> bind(std::uint8_t number, const ports::SessionEntry& given) {
    ports::Loop::set_current(&floor.loop);  // what asks Redis by a way of its own has set another
    return run_on(floor.loop, book.bind(name(number), given));
  }
  Result<std::optional<ports::SessionEntry>> find(std::uint8_t number) {
    ports::Loop::set_current(&floor.loop);
    return run_on(floor.loop, book.find(name(number)));
  }

  LinkFloor& floor;
  SystemClock clock;
  MemorySessionBook near{clock};
  RedisServer server;
  RedisLink link;
  RedisSessionBook book;
};

// Replicas take turns on one loop: each makes its link there while the other has none.
class SharedSessions : public ::testing::Test {
 protected:
  RedisProcess redis_;
  LinkFloor floor_;
  SystemClock clock_;
};

TEST_F(SharedSessions, WhatOneReplicaOpenedAnotherContinues) {
  {
    Replica first(floor_, redis_.settings());
    ASSERT_TRUE(*first.bind(1, entry(1, "/message?x=\n1")));
    ASSERT_TRUE(*first.bind(2, entry(1)));
  }
  Replica second(floor_, redis_.settings());
  EXPECT_EQ(*second.find(1), entry(1, "/message?x=\n1"));
  EXPECT_EQ(*second.find(3), std::nullopt);
  EXPECT_FALSE(*second.bind(2, entry(2)));
  EXPECT_EQ(*second.find(2), entry(1));
  ASSERT_TRUE(run_on(floor_.loop, second.book.forget(name(1))).has_value());
  EXPECT_EQ(*second.find(1), std::nullopt);
}

TEST_F(SharedSessions, WhatWasUsedHereGoesOnWhileRedisIsAway) {
  Replica replica(floor_, redis_.settings());
  ASSERT_TRUE(*replica.bind(1, entry(1)));
  redis_.kill();
  EXPECT_EQ(*replica.find(1), entry(1));
  EXPECT_FALSE(replica.find(2).has_value()) << "it may be another replica's";
  EXPECT_TRUE(*replica.bind(3, entry(1)));
  EXPECT_EQ(*replica.find(3), entry(1));
}

TEST_F(SharedSessions, WhatRedisLostIsWrittenAgainByWhoeverUsesIt) {
  {
    Replica first(floor_, redis_.settings());
    ASSERT_TRUE(*first.bind(1, entry(1, "/message")));
    redis_.ask({"FLUSHALL"});
    EXPECT_EQ(*first.find(1), entry(1, "/message"));
    redis_.kill();
    ASSERT_TRUE(*first.bind(2, entry(1)));
    redis_.start();
    turn_until(floor_.loop, [&] { return first.link.is_up(); });
    EXPECT_EQ(*first.find(1), entry(1, "/message"));
    EXPECT_EQ(*first.find(2), entry(1));
  }
  Replica second(floor_, redis_.settings());
  EXPECT_EQ(*second.find(1), entry(1, "/message"));
  EXPECT_EQ(*second.find(2), entry(1));
}

TEST_F(SharedSessions, WhatOneReplicaEndedIsEndedAtThoseThatKnowItAndMayBeginAnew) {
  MemorySessionBook near(clock_);
  {
    Replica first(floor_, redis_.settings());
    ASSERT_TRUE(*first.bind(1, entry(1)));
  }
  ASSERT_TRUE(*near.bind(name(1), entry(1)).run_now());
  {
    Replica second(floor_, redis_.settings());
    ASSERT_TRUE(run_on(floor_.loop, second.book.forget(name(1))).has_value());
  }
  RedisServer server(redis_.settings(), floor_.dialer);
  RedisLink link(floor_.loop, server);
  RedisSessionBook book(server, near);
  EXPECT_EQ(*run_on(floor_.loop, book.find(name(1))), std::nullopt);
  EXPECT_EQ(near.size(), 0U);
  EXPECT_TRUE(*run_on(floor_.loop, book.bind(name(1), entry(2))));
  EXPECT_EQ(*run_on(floor_.loop, book.find(name(1))), entry(2));
}

TEST_F(SharedSessions, EntriesExpireByThemselves) {
  Replica replica(floor_, redis_.settings());
  ASSERT_TRUE(*replica.bind(1, entry(1)));
  const RedisReply keys = redis_.ask({"KEYS", "*session*"});
  ASSERT_EQ(keys.items.size(), 1U);
  const RedisReply left = redis_.ask({"PTTL", keys.items[0].text});
  EXPECT_GT(left.integer, 23 * 3600 * 1000);
  EXPECT_LE(left.integer, 24 * 3600 * 1000);
}

}  // namespace
}  // namespace obleth::adapters
