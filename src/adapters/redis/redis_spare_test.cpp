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

class RedisSpare : public testing::RedisBudgetFixture {
 protected:
  void lose_redis() {
    redis_.kill();
    turn_until(floor_.loop, [this] { return !replica().link.is_up(); });
  }
  // With that budget, and what it used.
  bool spend(std::uint64_t id, std::int64_t tokens, const ports::LimitedAccount& limits) {
    const auto outcome = ask(id, tokens, limits);
    if (outcome.granted) replica().ledger.settle(used(id, tokens));
    return outcome.granted.has_value();
  }
  ports::ReserveOutcome ask(std::uint64_t id, std::int64_t tokens, const ports::LimitedAccount& limits) {
    ports::ReserveRequest asked = with_budget(id, tokens);
    asked.tenant_limits = limits;
    return replica().reserve(asked);
  }
  static ports::LimitedAccount a_minute(std::int64_t requests) {
    ports::LimitedAccount limits;
    limits.quota.requests_per_minute = requests;
    return limits;
  }
  static ports::LimitedAccount in_all(std::int64_t tokens) {
    ports::LimitedAccount limits;
    limits.budget = Budget{.period = BudgetPeriod::lifetime, .starts_at = {}, .tokens = tokens, .cost = {}};
    return limits;
  }
};

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

TEST_F(RedisSpare, AChangedBudgetIsObeyedByTheNextRequestAndWhatWasSpentOrIsHeldStaysSo) {
  ASSERT_TRUE(replica().reserve(with_budget(1, 200)).granted);
  clock_.step(seconds(1));
  replica().settle(used(1, 200));
  ASSERT_TRUE(replica().standing(a_day(1000)));
  lose_redis();
  ASSERT_TRUE(spend(2, 50, a_day(1000)));
  ASSERT_TRUE(ask(3, 30, a_day(1000)).granted);
  // Of 300 are 200 spent with Redis, 50 without it, and 30 held.
  EXPECT_FALSE(spend(4, 21, a_day(300)));
  const auto last = ask(5, 20, a_day(300));
  ASSERT_TRUE(last.granted);
  EXPECT_FALSE(last.granted->unguarded);
  replica().ledger.settle(used(3, 10));
  replica().ledger.settle(used(5, 20));
  EXPECT_FALSE(spend(6, 21, a_day(300)));
  EXPECT_FALSE(spend(7, 1, a_day(100)));
  // A raised one opens.
  EXPECT_FALSE(spend(8, 1721, a_day(2000)));
  EXPECT_TRUE(spend(9, 1720, a_day(2000)));
  EXPECT_FALSE(spend(10, 1, a_day(2000)));
}

TEST_F(RedisSpare, AChangedRateIsObeyedByTheNextRequest) {
  for (std::uint64_t id = 1; id <= 10; ++id)
    ASSERT_TRUE(ask(id, 1, a_minute(60)).granted);
  lose_redis();
  ASSERT_EQ(ask(11, 1, a_minute(60)).granted->requests->remaining, 49);
  EXPECT_EQ(ask(12, 1, a_minute(6)).refusal.retry_after, seconds(10)) << "more are used than it may hold";
  clock_.step(seconds(10));
  EXPECT_TRUE(ask(13, 1, a_minute(6)).granted);
  EXPECT_EQ(ask(14, 1, a_minute(60)).granted->requests->remaining, 53) << "six of the smaller one were used";
}

TEST_F(RedisSpare, ARateThatIsChangedBeforeTheFirstRequestWithoutRedisKeepsWhatIsUsedToo) {
  for (std::uint64_t id = 1; id <= 10; ++id)
    ASSERT_TRUE(ask(id, 1, a_minute(60)).granted);
  lose_redis();
  EXPECT_EQ(ask(11, 1, a_minute(100)).granted->requests->remaining, 89);
}

TEST_F(RedisSpare, ABudgetThatRedisNeverSawCountsFromThenOnAndItsRequestsAreUnguarded) {
  ASSERT_TRUE(ask(1, 10, a_minute(60)).granted);
  lose_redis();
  ports::LimitedAccount both = a_minute(60);
  both.budget = a_day(300).budget;
  const auto passed = ask(2, 200, both);
  ASSERT_TRUE(passed.granted);
  EXPECT_TRUE(passed.granted->unguarded);
  EXPECT_EQ(ask(3, 91, both).refusal.by, ports::RefusedBy::budget);
}

TEST_F(RedisSpare, OfABudgetOfAnotherPeriodWhatIsKnownIsSpentAndItsRequestsAreUnguarded) {
  ASSERT_TRUE(replica().reserve(with_budget(1, 200)).granted);
  clock_.step(seconds(1));
  replica().settle(used(1, 200));
  ASSERT_TRUE(replica().standing(a_day(1000)));
  lose_redis();
  ASSERT_TRUE(spend(2, 50, a_day(1000)));
  EXPECT_FALSE(spend(3, 51, in_all(300))) << "200 of this day are spent in all";
  const auto passed = ask(4, 50, in_all(300));
  ASSERT_TRUE(passed.granted);
  EXPECT_TRUE(passed.granted->unguarded) << "nobody knows what was spent before this day";
  replica().ledger.settle(used(4, 50));
  clock_.step(std::chrono::hours(24));
  EXPECT_FALSE(spend(5, 1, in_all(300))) << "the day has ended, but nothing else";
}

TEST_F(RedisSpare, ABudgetWhoseStartComesWhileRedisIsAwayIsObeyedFromThenOn) {
  ports::LimitedAccount later = in_all(300);
  later.budget->starts_at = WallTime{clock_.wall_now().unix_ms + 60'000};
  ASSERT_TRUE(spend(1, 500, later));
  replica().until_booked();
  ASSERT_TRUE(replica().standing(later));
  lose_redis();
  ASSERT_TRUE(spend(2, 500, later));
  clock_.step(seconds(60));
  EXPECT_FALSE(spend(3, 301, later));
  EXPECT_TRUE(spend(4, 300, later));
  EXPECT_FALSE(spend(5, 1, later));
}

TEST_F(RedisSpare, OneOfTwoObeysItsPartOfAChangedBudget) {
  LinkFloor floor;
  Replica half(floor, redis_.settings(), clock_, rules_of(&book_, 2));
  ASSERT_TRUE(half.reserve(with_budget(1, 200)).granted);
  clock_.step(seconds(1));
  half.settle(used(1, 200));
  ASSERT_TRUE(half.standing(a_day(1000)));
  redis_.kill();
  turn_until(floor.loop, [&] { return !half.link.is_up(); });
  ASSERT_TRUE(half.reserve(with_budget(2, 50)).granted);
  half.ledger.settle(used(2, 50));
  // Of 400 were 200 left, and 100 are this replica's.
  EXPECT_FALSE(half.reserve(with_budget(3, 51, 400)).granted);
  EXPECT_TRUE(half.reserve(with_budget(4, 50, 400)).granted);
}

TEST_F(RedisSpare, ATermThatBeginsWhileRedisIsAwayIsWhole) {
  ASSERT_TRUE(replica().reserve(with_budget(1, 900)).granted);
  clock_.step(seconds(1));
  replica().settle(used(1, 900));
  ASSERT_TRUE(replica().standing(a_day(1000)));
  lose_redis();
  ASSERT_TRUE(spend(2, 100, a_day(1000)));
  ASSERT_FALSE(spend(3, 1, a_day(1000)));
  clock_.step(std::chrono::hours(24));
  EXPECT_TRUE(spend(4, 600, a_day(1000)));
  EXPECT_FALSE(spend(5, 401, a_day(1000)));
  EXPECT_TRUE(spend(6, 400, a_day(1000)));
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
