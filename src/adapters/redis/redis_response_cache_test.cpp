// The response cache over a real Redis.
#include "adapters/redis/redis_response_cache.hpp"

#include <gtest/gtest.h>

#include "adapters/caching/tiered_response_cache.hpp"
#include "adapters/memory/response_cache.hpp"
#include "adapters/os/system_clock.hpp"
#include "adapters/redis/redis_process_test.hpp"
#include "ports/response_cache_contract_test.hpp"

namespace obleth::adapters {
namespace {

using testing::LinkFloor;
using testing::RedisProcess;
using testing::run_on;
using testing::turn_until;

// A replica with a link of its own; several take turns on one loop.
struct Replica {
  Replica(LinkFloor& on, const RedisSettings& settings, std::uint64_t redis_bytes_max = 64 << 20)
      : floor(on), server(settings, floor.dialer), link(floor.loop, server), shared(server, clock, redis_bytes_max) {
    turn_until(floor.loop, [this] { return link.is_up(); });
  }
  std::shared_ptr<const ports::KeptAnswer> recall(ports::ResponseCache& from, std::uint64_t name) {
    const ports::AnswerName asked = nth_name(name);
    return run_on(floor.loop, from.recall(asked));
  }
  void keep(ports::ResponseCache& in, const ports::AnswerName& name, std::shared_ptr<const ports::KeptAnswer> answer) {
    in.keep(name, std::move(answer));
    turn_until(floor.loop, [this] { return shared.leaving_bytes() == 0; });
  }
  void keep(std::uint64_t name, std::string body) {
    keep(shared, nth_name(name), an_answer(clock.wall_now(), std::move(body)));
  }

  LinkFloor& floor;
  SystemClock clock;
  RedisServer server;
  RedisLink link;
  RedisResponseCache shared;
  MemoryResponseCache own{clock, 4 << 20};
  TieredResponseCache both{own, shared};
};

class OverRedis final : public ResponseCacheRig {
 public:
  explicit OverRedis(bool with_memory)
      : asked_(with_memory ? static_cast<ports::ResponseCache&>(replica_.both) : replica_.shared) {}
  WallTime now() override { return replica_.clock.wall_now(); }
  std::shared_ptr<const ports::KeptAnswer> recall(const ports::AnswerName& name) override {
    return run_on(floor_.loop, asked_.recall(name));
  }
  void keep(const ports::AnswerName& name, std::shared_ptr<const ports::KeptAnswer> answer) override {
    replica_.keep(asked_, name, std::move(answer));
  }
  void outlive(const ports::AnswerName& name, Duration) override {
    const Instant over = replica_.clock.now() + testing::patience;
    while (recall(name) != nullptr && replica_.clock.now() < over) {
    }
  }

 private:
  RedisProcess redis_;
  LinkFloor floor_;
  Replica replica_{floor_, redis_.settings()};
  ports::ResponseCache& asked_;
};

INSTANTIATE_TEST_SUITE_P(Redis, ResponseCacheContract,
                         ::testing::Values(ResponseCacheFactory{[] { return std::make_unique<OverRedis>(false); }}));
INSTANTIATE_TEST_SUITE_P(MemoryAndRedis, ResponseCacheContract,
                         ::testing::Values(ResponseCacheFactory{[] { return std::make_unique<OverRedis>(true); }}));

class SharedResponses : public ::testing::Test {
 protected:
  RedisProcess redis_;
  LinkFloor floor_;
};

TEST_F(SharedResponses, WhatOneReplicaKeptAnotherKnowsAndThenKeepsItself) {
  {
    Replica first(floor_, redis_.settings());
    first.keep(first.both, nth_name(1), an_answer(first.clock.wall_now(), "shared"));
  }
  Replica second(floor_, redis_.settings());
  ASSERT_NE(second.recall(second.both, 1), nullptr);
  redis_.kill();
  const auto remembered = second.recall(second.both, 1);
  ASSERT_NE(remembered, nullptr);
  EXPECT_EQ(remembered->body, "shared");
}

TEST_F(SharedResponses, ARedisThatIsAwayOrHangsKnowsNothing) {
  RedisSettings settings = redis_.settings();
  settings.call_max = std::chrono::milliseconds(250);
  Replica replica(floor_, settings);
  // A machine may be too busy for the deadline: what is not known is asked for again.
  const auto known_at_last = [&] {
    const Instant over = replica.clock.now() + testing::patience;
    while (replica.clock.now() < over) {
      if (replica.recall(replica.shared, 1) != nullptr) return true;
      turn_until(floor_.loop, [&] { return replica.link.is_up(); });
      replica.keep(1, "kept");
    }
    return false;
  };
  EXPECT_TRUE(known_at_last());
  redis_.pause();
  EXPECT_EQ(replica.recall(replica.shared, 1), nullptr);
  EXPECT_EQ(replica.recall(replica.shared, 1), nullptr) << "at once, from then on";
  replica.keep(2, "lost");
  redis_.go_on();
  EXPECT_TRUE(known_at_last());
  redis_.kill();
  EXPECT_EQ(replica.recall(replica.shared, 1), nullptr);
  replica.keep(3, "lost");
  EXPECT_EQ(replica.shared.leaving_bytes(), 0U);
}

TEST_F(SharedResponses, AThreadWithoutALinkKnowsNothing) {
  Replica replica(floor_, redis_.settings());
  ports::Loop::set_current(nullptr);
  EXPECT_EQ(replica.shared.recall(nth_name(1)).run_now(), nullptr);
  replica.shared.keep(nth_name(1), an_answer(replica.clock.wall_now(), "nowhere"));
  ports::Loop::set_current(&floor_.loop);
  EXPECT_EQ(replica.recall(replica.shared, 1), nullptr);
}

TEST_F(SharedResponses, BytesThatAreNoAnswerAreNone) {
  Replica replica(floor_, redis_.settings());
  replica.keep(1, "right");
  for (const RedisReply& name : redis_.ask({"KEYS", "*answers*00"}).items)
    redis_.ask({"SET", name.text, "something else"});
  EXPECT_EQ(replica.recall(replica.shared, 1), nullptr);
}

// What lies there, as the script itself counts it, and as it is.
TEST_F(SharedResponses, TheyTakeABoundedPartOfRedis) {
  constexpr std::uint64_t bytes_max = 100'000;
  Replica replica(floor_, redis_.settings(), bytes_max);
  for (std::uint64_t name = 0; name < 60; ++name)
    replica.keep(name % 40, std::string(4000 + 97 * name, 'x'));
  std::int64_t bytes = 0;
  std::size_t known = 0;
  for (std::uint64_t name = 0; name < 40; ++name) {
    const auto found = replica.recall(replica.shared, name);
    if (!found) continue;
    ++known;
    bytes += static_cast<std::int64_t>(found->body.size());
  }
  EXPECT_GT(known, 8U);
  EXPECT_LT(bytes, static_cast<std::int64_t>(bytes_max));
  EXPECT_NE(replica.recall(replica.shared, 19), nullptr) << "the last one";
  const auto number = [](const RedisReply& reply) { return std::stol(reply.text); };
  const std::string prefix = replica.server.key("{answers}:1:");
  EXPECT_EQ(redis_.ask({"ZCARD", prefix + "expiry"}).integer, static_cast<std::int64_t>(known));
  EXPECT_EQ(redis_.ask({"HLEN", prefix + "bytes"}).integer, static_cast<std::int64_t>(known) + 1);
  EXPECT_LE(number(redis_.ask({"HGET", prefix + "bytes", ""})), static_cast<long>(bytes_max));
  EXPECT_GT(redis_.ask({"PTTL", prefix + "expiry"}).integer, 0);
  EXPECT_GT(redis_.ask({"PTTL", prefix + "bytes"}).integer, 0);
}

TEST_F(SharedResponses, OneThatIsLargerThanAllOfThemIsNotKept) {
  Replica replica(floor_, redis_.settings(), 50'000);
  replica.keep(1, std::string(50'000, 'x'));
  EXPECT_EQ(replica.recall(replica.shared, 1), nullptr);
}

}  // namespace
}  // namespace obleth::adapters
