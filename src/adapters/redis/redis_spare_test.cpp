// What is left of budgets and rates while Redis is away, and what Redis is told of it when it is back.
#include <gtest/gtest.h>

#include <chrono>
#include <optional>

#include "adapters/redis/redis_budget_fixture_test.hpp"
#include "adapters/redis/spare_refresh.hpp"

namespace obleth::adapters {
namespace {

using testing::LinkFloor;
using testing::Replica;
using testing::rules_of;
using testing::run_on;
using testing::turn_until;

class RedisSpare : public testing::RedisBudgetFixture {};

TEST_F(RedisSpare, WhileRedisIsAwayAPartOfTheRestIsSpentAndBookedAfterwards) {
  LinkFloor floor;
  Replica half(floor, redis_.settings(), clock_, rules_of(&book_, 2));
  ASSERT_TRUE(half.reserve(with_budget(1, 200)).granted);
  clock_.step(seconds(1));
  half.settle(used(1, 200));
  ASSERT_TRUE(half.standing(a_day(1000)));
  redis_.kill();
  turn_until(floor.loop, [&] { return !half.link.is_up(); });
  // 800 are left: 400 of them are this replica's.
  EXPECT_FALSE(half.reserve(with_budget(2, 500)).granted);
  ASSERT_TRUE(half.reserve(with_budget(3, 400)).granted);
  EXPECT_FALSE(half.reserve(with_budget(4, 10)).granted);
  half.ledger.settle(used(3, 300));
  EXPECT_TRUE(half.reserve(with_budget(5, 100)).granted);
  half.ledger.settle(used(5, 0));
  // Redis is back with nothing; the book knows what was delivered.
  book_.tokens = 200;
  redis_.start();
  turn_until(floor.loop, [&] { return half.link.is_up(); });
  ASSERT_TRUE(half.standing(a_day(1000)));
}

TEST_F(RedisSpare, WhatWasSpentWhileRedisStoodStillIsHandedOver) {
  RedisSettings settings = redis_.settings();
  settings.call_max = std::chrono::milliseconds(250);
  Replica replica(floor_, settings, clock_, rules_of(&book_));
  turn_until(floor_.loop, [&] { return replica.standing(a_day(1000)).has_value(); });
  clock_.step(seconds(1));
  redis_.pause();
  const auto granted = replica.reserve(with_budget(1, 400));
  ASSERT_TRUE(granted.granted);
  replica.ledger.settle(used(1, 300));
  EXPECT_FALSE(replica.reserve(with_budget(2, 800)).granted);
  redis_.go_on();
  replica.until_booked();
  std::optional<ports::BudgetStanding> standing;
  turn_until(floor_.loop, [&] {
    standing = replica.standing(a_day(1000));
    return standing.has_value();
  });
  EXPECT_EQ(standing->used_tokens, 300);
  // Also the reservation that was not answered in time, and run when Redis went on.
  EXPECT_EQ(standing->held_tokens, 0);
}

TEST_F(RedisSpare, ThePartIsOfWhatOthersHadNotSpentAMomentBefore) {
  ports::ReserveRequest asked = with_budget(1, 10);
  asked.tenant_limits.quota.requests_per_minute = 4;
  ASSERT_TRUE(replica().reserve(asked).granted);
  clock_.step(seconds(1));
  replica().settle(used(1, 10));
  LinkFloor other_floor;
  Replica other(other_floor, redis_.settings(), clock_, rules_of(&book_));
  for (std::uint64_t number = 2; number <= 4; ++number) {
    asked.reservation = EventId{{number, number}};
    ASSERT_TRUE(other.reserve(asked).granted);
    ports::SettleRequest settled = used(number, 200);
    settled.turn = {.stream = 2, .sequence = number};
    other.settle(settled);
  }
  clock_.step(seconds(15));
  ports::Loop::set_current(&floor_.loop);
  SpareRefresh refresh(replica().link, replica().budgets);
  refresh.ask();
  ASSERT_TRUE(run_on(floor_.loop, replica().link.call({.operation = "test", .words = {"PING"}})));
  redis_.kill();
  turn_until(floor_.loop, [this] { return !replica().link.is_up(); });
  const auto at_most = [this, &asked](std::uint64_t id, std::int64_t tokens) {
    asked.reservation = EventId{{id, id}};
    asked.bound_tokens = tokens;
    return replica().reserve(asked);
  };
  EXPECT_EQ(at_most(5, 391).refusal.by, ports::RefusedBy::budget) << "610 of 1000 are spent";
  const auto granted = at_most(6, 390);
  ASSERT_TRUE(granted.granted);
  EXPECT_EQ(granted.granted->requests->remaining, 0) << "four were spent, and one came back in a quarter of a minute";
}

TEST_F(RedisSpare, OnlyAccountsInUseAreAskedOf) {
  ASSERT_TRUE(replica().reserve(with_budget(1, 10)).granted);
  SpareBudgets& spare = replica().budgets.spare;
  EXPECT_TRUE(spare.take_stale(clock_.now()).empty()) << "Redis has just told";
  clock_.step(seconds(2));
  EXPECT_EQ(spare.take_stale(clock_.now()).size(), 1U);
  clock_.step(SpareBudgets::in_use_for);
  EXPECT_TRUE(spare.take_stale(clock_.now()).empty());
  ASSERT_TRUE(replica().standing(a_day(1000)));
  clock_.step(seconds(2));
  EXPECT_EQ(spare.take_stale(clock_.now()).size(), 1U);
}

TEST_F(RedisSpare, RequestsOfTheMinuteThatWereSpentMeanwhileAreTakenInRedisToo) {
  RedisSettings settings = redis_.settings();
  settings.call_max = milliseconds(250);
  Replica replica(floor_, settings, clock_, rules_of(&book_));
  const auto six_a_minute = [](std::uint64_t id) {
    ports::ReserveRequest asked = with_budget(id, 10);
    asked.tenant_limits.quota.requests_per_minute = 6;
    return asked;
  };
  turn_until(floor_.loop, [&] { return replica.standing(a_day(1000)).has_value(); });
  ASSERT_TRUE(replica.reserve(six_a_minute(1)).granted);
  redis_.pause();
  // The first of these is sent and not answered: Redis takes it when it goes on.
  for (std::uint64_t number = 2; number <= 5; ++number)
    ASSERT_TRUE(replica.reserve(six_a_minute(number)).granted);
  replica.ledger.settle(used(2, 10));
  replica.ledger.settle(used(3, 10));
  ports::SettleRequest never_ran = used(4, 0);
  never_ran.refund_request = true;
  replica.ledger.settle(never_ran);
  redis_.go_on();
  replica.until_booked();
  replica.settle(used(5, 10));
  LinkFloor other_floor;
  Replica other(other_floor, redis_.settings(), clock_, rules_of(&book_));
  const auto sixth = other.reserve(six_a_minute(6));
  ASSERT_TRUE(sixth.granted);
  ASSERT_TRUE(sixth.granted->requests);
  EXPECT_EQ(sixth.granted->requests->remaining, 1) << "1, 2, 3, 5 and 6 are counted";
}

TEST_F(RedisSpare, NeverHeardOfMeansMeteredAndRefusedWhereTheOperatorWantsIt) {
  Replica open(floor_, redis_.settings(), clock_, rules_of(&book_));
  LinkFloor other_floor;
  Replica strict(other_floor, redis_.settings(), clock_, rules_of(&book_));
  strict.budgets.fail_open = false;
  redis_.kill();
  turn_until(floor_.loop, [&] { return !open.link.is_up(); });
  turn_until(other_floor.loop, [&] { return !strict.link.is_up(); });
  const auto passed = open.reserve(with_budget(1, 600));
  ASSERT_TRUE(passed.granted);
  EXPECT_TRUE(passed.granted->unguarded);
  EXPECT_EQ(strict.reserve(with_budget(2, 10)).refusal.by, ports::RefusedBy::store);
}

TEST_F(RedisSpare, WhatIsHeldWhenRedisComesBackEmptyIsHeldThereThoughItWasGrantedMeanwhile) {
  ASSERT_TRUE(replica().reserve(with_budget(1, 300)).granted);
  redis_.kill();
  turn_until(floor_.loop, [this] { return !replica().link.is_up(); });
  ASSERT_TRUE(replica().reserve(with_budget(2, 400)).granted);
  redis_.start();
  clock_.step(seconds(1));
  turn_until(floor_.loop, [this] { return replica().link.is_up(); });
  LinkFloor other_floor;
  Replica other(other_floor, redis_.settings(), clock_, rules_of(&book_));
  ports::Loop::set_current(&floor_.loop);
  ASSERT_TRUE(run_on(floor_.loop, replica().link.call({.operation = "test", .words = {"PING"}})));
  ports::Loop::set_current(&other_floor.loop);
  EXPECT_EQ(other.standing(a_day(1000))->held_tokens, 700);
  ports::Loop::set_current(&floor_.loop);
  clock_.step(seconds(1));
  replica().settle(used(1, 30));
  replica().settle(used(2, 40));
  EXPECT_EQ(replica().standing(a_day(1000))->held_tokens, 0);
  EXPECT_EQ(replica().standing(a_day(1000))->used_tokens, 70);
}

}  // namespace
}  // namespace obleth::adapters
