// The budget ledger over a real Redis: the same answers as the embedded one, one truth for several replicas, and what
// is left when Redis has forgotten.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>

#include "adapters/memory/budget_ledger.hpp"
#include "adapters/memory/ledger_fixture_test.hpp"
#include "adapters/redis/redis_budget_fixture_test.hpp"
#include "adapters/redis/redis_presence.hpp"

namespace obleth::adapters {
namespace {

using testing::LinkFloor;
using testing::RedisProcess;
using testing::Replica;
using testing::rules_of;
using testing::run_on;
using testing::turn_until;

class RedisBudget : public testing::RedisBudgetFixture {};

TEST_F(RedisBudget, HoldsTheBoundAndSpendsTheTruth) {
  ASSERT_TRUE(replica().reserve(with_budget(1, 700)).granted);
  EXPECT_FALSE(replica().reserve(with_budget(2, 400)).granted);
  clock_.step(seconds(1));
  replica().settle(used(1, 100));
  const auto standing = replica().standing(a_day(1000));
  ASSERT_TRUE(standing);
  EXPECT_EQ(standing->used_tokens, 100);
  EXPECT_EQ(standing->held_tokens, 0);
  EXPECT_TRUE(replica().reserve(with_budget(3, 900)).granted);
}

TEST_F(RedisBudget, WhatTakesNoTokensIsNotRefusedForADebt) {
  const auto limited = [](std::uint64_t id, std::int64_t tokens) {
    ports::ReserveRequest asked = with_budget(id, tokens, 100);
    asked.tenant_limits.quota.tokens_per_minute = 100;
    return asked;
  };
  ASSERT_TRUE(replica().reserve(limited(1, 100)).granted);
  clock_.step(seconds(1));
  replica().settle(used(1, 500));
  EXPECT_FALSE(replica().reserve(limited(2, 1)).granted);
  EXPECT_TRUE(replica().reserve(limited(3, 0)).granted);
}

TEST_F(RedisBudget, ALoweredRateLeavesTheBucketEmptyAtWorst) {
  const auto at_a_minute = [](std::uint64_t id, std::int64_t requests) {
    ports::ReserveRequest asked = with_budget(id, 1);
    asked.tenant_limits.quota.requests_per_minute = requests;
    return asked;
  };
  for (std::uint64_t id = 1; id <= 30; ++id)
    ASSERT_TRUE(replica().reserve(at_a_minute(id, 60)).granted);
  EXPECT_EQ(replica().reserve(at_a_minute(31, 6)).refusal.retry_after, seconds(10));
  clock_.step(seconds(60));
  EXPECT_EQ(replica().reserve(at_a_minute(32, 6)).granted->requests->remaining, 5);
}

struct Taker {
  ports::ReserveRequest asked;
  bool goes_on = true;
  bool has_ended = false;
};

// The next as soon as one is granted.
Task<void> keep_taking(ports::BudgetLedger& ledger, Taker& taker) {
  while (taker.goes_on) {
    ++taker.asked.reservation.bits.low;
    const ports::ReserveOutcome outcome = co_await ledger.reserve(taker.asked);
    taker.goes_on = taker.goes_on && outcome.granted;
  }
  taker.has_ended = true;
}

TEST_F(RedisBudget, WhoIsSoftenedGetsTheLeastWhereOthersTakeOfTheRestMeanwhile) {
  ASSERT_TRUE(replica().reserve(with_budget(1, 10)).granted);
  ports::ReserveRequest asked = with_budget(2, 5000);
  asked.soften_to_tokens = 20;
  Taker other{.asked = with_budget(3, 1)};
  spawn(keep_taking(replica().ledger, other));
  const auto softened = replica().reserve(asked);
  other.goes_on = false;
  turn_until(floor_.loop, [&other] { return other.has_ended; });
  ASSERT_TRUE(softened.granted);
  EXPECT_EQ(softened.granted->softened_by, ports::SoftenedBy::budget);
  EXPECT_EQ(softened.granted->output_cap, 20);
}

TEST_F(RedisBudget, WhatIsSpentInOneReplicaIsSpentInTheOther) {
  LinkFloor other_floor;
  ASSERT_TRUE(replica().reserve(with_budget(1, 600)).granted);
  Replica other(other_floor, redis_.settings(), clock_, rules_of(&book_));
  const auto refused = other.reserve(with_budget(2, 600));
  EXPECT_FALSE(refused.granted);
  EXPECT_EQ(refused.refusal.by, ports::RefusedBy::budget);
  EXPECT_EQ(refused.refusal.account, "tenant");
}

TEST_F(RedisBudget, WithoutALimitNothingIsAsked) {
  const auto calls = [this] {
    const std::string stats = redis_.ask({"INFO", "commandstats"}).text;
    return stats.find("cmdstat_evalsha") != std::string::npos || stats.find("cmdstat_eval") != std::string::npos;
  };
  ASSERT_TRUE(replica().link.is_up());
  redis_.ask({"CONFIG", "RESETSTAT"});  // a new connection runs a script of its own
  ASSERT_TRUE(replica().reserve(request(1, 10, 10, 10)).granted);
  replica().settle(used(1, 5));
  EXPECT_FALSE(calls());
}

TEST_F(RedisBudget, ASettlementThatComesTwiceCountsOnce) {
  ASSERT_TRUE(replica().reserve(with_budget(1, 600)).granted);
  clock_.step(seconds(1));
  ports::SettleRequest settled = used(1, 100);
  replica().settle(settled);
  ASSERT_TRUE(replica().reserve(with_budget(1, 600)).granted);
  replica().settle(settled);
  EXPECT_EQ(replica().standing(a_day(1000))->used_tokens, 100);
}

TEST_F(RedisBudget, AReservationThatIsNotRenewedIsReleasedAndItsTruthBookedAllTheSame) {
  ASSERT_TRUE(replica().reserve(with_budget(1, 600)).granted);
  clock_.step(seconds(100));
  const ports::HeldReservation held{EventId{{1, 1}}, tenant};
  replica().ledger.renew(std::span(&held, 1));
  ASSERT_TRUE(run_on(floor_.loop, replica().link.call({.operation = "test", .words = {"PING"}})));
  clock_.step(seconds(100));
  EXPECT_EQ(replica().standing(a_day(1000))->held_tokens, 600);
  clock_.step(seconds(120));
  EXPECT_EQ(replica().standing(a_day(1000))->held_tokens, 0);
  replica().settle(used(1, 250));
  EXPECT_EQ(replica().standing(a_day(1000))->used_tokens, 250);
}

TEST_F(RedisBudget, AFlushedRedisIsRebuiltFromTheBook) {
  ASSERT_TRUE(replica().reserve(with_budget(1, 600)).granted);
  replica().settle(used(1, 600));
  book_.tokens = 600;
  redis_.ask({"FLUSHALL"});
  EXPECT_FALSE(replica().reserve(with_budget(2, 500)).granted);
  EXPECT_TRUE(replica().reserve(with_budget(3, 400)).granted);
}

TEST_F(RedisBudget, WhatEndedBeforeRedisForgotIsInTheBookAndCountsOnceHoweverLateItIsBooked) {
  ASSERT_TRUE(replica().reserve(with_budget(1, 600)).granted);
  clock_.step(seconds(1));
  redis_.kill();
  replica().ledger.settle(used(1, 600));
  clock_.step(seconds(1));
  redis_.start();
  book_.tokens = 600;
  LinkFloor other_floor;
  Replica other(other_floor, redis_.settings(), clock_, rules_of(&book_));
  ASSERT_TRUE(other.reserve(with_budget(2, 10)).granted);
  ports::Loop::set_current(&floor_.loop);
  replica().until_booked();
  EXPECT_EQ(replica().standing(a_day(1000))->used_tokens, 600);
}

TEST_F(RedisBudget, RowsThatAnotherReplicaDeliversAfterARebuildAreCounted) {
  book_.tokens = 100;
  ASSERT_TRUE(replica().reserve(with_budget(1, 10)).granted);
  EXPECT_EQ(replica().standing(a_day(1000))->used_tokens, 100);
  clock_.step(seconds(1));
  replica().settle(used(1, 7));
  book_.tokens = 150;
  const int questions = book_.questions;
  turn_until(floor_.loop, [&] { return book_.questions > questions; });
  turn_until(floor_.loop, [&] { return replica().standing(a_day(1000))->used_tokens == 157; });
}

// What was kept, and no more: told by the test.
class ToldCheckpoints final : public ports::SpendingCheckpoints {
 public:
  Task<Result<void>> keep_spending(std::vector<ports::SpendingCheckpoint>) override { co_return Result<void>{}; }
  Task<Result<std::optional<ports::Spending>>> kept_spending(ports::SpendingAccount, WallTime) override {
    co_return ports::Spending{tokens, {}};
  }
  std::int64_t tokens = 0;
};

TEST_F(RedisBudget, WhereTheBookIsSilentTheCheckpointTellsAndTheBookAddsLater) {
  ToldCheckpoints checkpoints;
  checkpoints.tokens = 600;
  book_.silent = true;
  RedisBudgetRules rules = rules_of(&book_);
  rules.checkpoints = &checkpoints;
  LinkFloor floor;
  Replica rebuilt(floor, redis_.settings(), clock_, rules);
  const auto granted = rebuilt.reserve(with_budget(1, 300));
  ASSERT_TRUE(granted.granted);
  EXPECT_TRUE(granted.granted->unguarded) << "more may have been spent than was kept";
  EXPECT_FALSE(rebuilt.reserve(with_budget(2, 200)).granted) << "600 are spent and 300 held";
  book_.silent = false;
  book_.tokens = 650;
  checkpoints.tokens = 900;
  turn_until(floor.loop, [&] { return rebuilt.standing(a_day(1000))->used_tokens == 650; });
  const auto guarded = rebuilt.reserve(with_budget(3, 10));
  ASSERT_TRUE(guarded.granted);
  EXPECT_FALSE(guarded.granted->unguarded);
}

// A replica that has long heard of Redis, and not of this account, which another one counts.
TEST_F(RedisBudget, WhatWasSettledSinceTheAccountCountsIsNotAddedFromItsCheckpoint) {
  ToldCheckpoints checkpoints;
  RedisBudgetRules rules = rules_of(&book_);
  rules.checkpoints = &checkpoints;
  LinkFloor asking_floor;
  LinkFloor silent_floor;
  Replica asking(asking_floor, redis_.settings(), clock_, rules);
  Replica silent(silent_floor, redis_.settings(), clock_, rules);
  ports::ReserveRequest another = request(9, 1, 1, 1);
  another.tenant.bits.low += 1;
  another.tenant_limits.quota.requests_per_minute = 10;
  for (Replica* const late : {&asking, &silent}) {
    ports::Loop::set_current(&late->floor.loop);
    ASSERT_TRUE(late->reserve(another).granted);
  }
  clock_.step(seconds(1));
  ports::Loop::set_current(&floor_.loop);
  ASSERT_TRUE(replica().reserve(with_budget(1, 300)).granted);
  clock_.step(seconds(1));
  replica().settle(used(1, 300));
  checkpoints.tokens = 300;
  for (Replica* const late : {&asking, &silent}) {
    book_.silent = late == &silent;
    ports::Loop::set_current(&late->floor.loop);
    EXPECT_EQ(late->standing(a_day(1000))->used_tokens, 300);
    const auto granted = late->reserve(with_budget(book_.silent ? 2 : 3, 200));
    ASSERT_TRUE(granted.granted);
    EXPECT_EQ(granted.granted->unguarded, book_.silent);
  }
}

TEST_F(RedisBudget, WhatRedisTellsIsTakenForACheckpointOnce) {
  ASSERT_TRUE(replica().reserve(with_budget(1, 600)).granted);
  clock_.step(seconds(1));
  replica().settle(used(1, 70));
  ASSERT_TRUE(replica().standing(a_day(1000)));
  const auto told = replica().budgets.spare.take_told();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told.front().spent.tokens, 70);
  EXPECT_EQ(told.front().account, ports::SpendingAccount(tenant));
  EXPECT_TRUE(replica().budgets.spare.take_told().empty());
}

TEST_F(RedisBudget, WhatTheBookCannotTellPassesUnguardedOrIsRefused) {
  book_.silent = true;
  const auto passed = replica().reserve(with_budget(1, 600));
  ASSERT_TRUE(passed.granted);
  EXPECT_TRUE(passed.granted->unguarded);
  LinkFloor other_floor;
  Replica strict(other_floor, redis_.settings(), clock_, rules_of(&book_));
  strict.budgets.fail_open = false;
  EXPECT_EQ(strict.reserve(with_budget(2, 10)).refusal.by, ports::RefusedBy::store);
}

TEST_F(RedisBudget, ABudgetThatIsSetWhileARequestRunsCountsIt) {
  ASSERT_TRUE(replica().reserve(request(1, 10, 10, 10)).granted);
  ASSERT_TRUE(replica().reserve(with_budget(2, 100)).granted);
  clock_.step(seconds(1));
  replica().settle(used(1, 300));
  EXPECT_EQ(replica().standing(a_day(1000))->used_tokens, 300);
}

TEST_F(RedisBudget, AClockThatIsAheadEndsNoTerm) {
  ASSERT_TRUE(replica().reserve(with_budget(1, 600)).granted);
  clock_.step(seconds(1));
  ports::SettleRequest settled = used(1, 600);
  settled.ended_at.unix_ms += 48LL * 60 * 60 * 1000;
  replica().settle(settled);
  EXPECT_EQ(replica().standing(a_day(1000))->used_tokens, 600);
  EXPECT_FALSE(replica().reserve(with_budget(2, 600)).granted);
}

TEST_F(RedisBudget, WhatEndedInTheTermBeforeIsNotSpentOfTheNextHoweverLateItIsBooked) {
  ASSERT_TRUE(replica().reserve(with_budget(1, 600)).granted);
  clock_.step(seconds(1));
  const ports::SettleRequest settled = used(1, 600);
  clock_.step(std::chrono::hours(24));
  ASSERT_TRUE(replica().reserve(with_budget(2, 10)).granted);
  replica().settle(settled);
  EXPECT_EQ(replica().standing(a_day(1000))->used_tokens, 0);
  clock_.step(seconds(1));
  replica().settle(used(2, 7));
  EXPECT_EQ(replica().standing(a_day(1000))->used_tokens, 7);
}

TEST_F(RedisBudget, ReplicasAreCountedAndThoseThatAreExpectedCountInAnyCase) {
  LinkFloor other_floor;
  Replica other(other_floor, redis_.settings(), clock_, rules_of(&book_, 3));
  std::uint32_t seen = 0;
  const RedisPresence first(replica().link, "first",
                            {.counted = [this](std::uint32_t n) { replica_->budgets.spare.learn_replicas(n); }});
  turn_until(floor_.loop, [this] { return replica_->link.is_up(); });
  const RedisPresence second(other.link, "second",
                             {.counted = [&](std::uint32_t n) { other.budgets.spare.learn_replicas(seen = n); }});
  turn_until(other_floor.loop, [&] { return seen > 0; });
  EXPECT_EQ(other.budgets.spare.replicas(), 3U);
  turn_until(floor_.loop, [this] { return replica_->budgets.spare.replicas() == 2; });
}

TEST_F(RedisBudget, MoneyIsExactBeyondWhatADoubleHolds) {
  ports::ReserveRequest asked = request(1, 0, 10, 10);
  asked.tenant_limits.budget = Budget{.period = BudgetPeriod::day, .cost = NanoUsd{9'100'000'000'000'000'001}};
  asked.bound_cost = NanoUsd{900'000'000'000'001};
  ASSERT_TRUE(replica().reserve(asked).granted);
  clock_.step(seconds(1));
  ports::SettleRequest settled = used(1, 5);
  settled.cost = NanoUsd{800'000'000'000'003};
  replica().settle(settled);
  EXPECT_EQ(replica().standing(asked.tenant_limits)->used_cost.value, 800'000'000'000'003);
}

// ---- what Redis lost, or was never told ---------------------------------------------------------------------------

TEST_F(RedisBudget, WhatAProcessEndedWithoutBookingIsCountedByItsSuccessorOnce) {
  ASSERT_TRUE(replica().reserve(with_budget(1, 200)).granted);
  clock_.step(seconds(1));
  replica().settle(used(1, 200));
  clock_.step(seconds(1));
  book_.tokens = 500;  // rows of what was settled while Redis was away
  for (int restart = 0; restart < 3; ++restart) {
    LinkFloor floor;
    Replica successor(floor, redis_.settings(), clock_, rules_of(&book_));
    const std::uint64_t number = 10 * static_cast<std::uint64_t>(restart + 1);
    EXPECT_EQ(successor.standing(a_day(1000))->used_tokens, book_.tokens);
    const std::int64_t rest = 1000 - book_.tokens;
    EXPECT_FALSE(successor.reserve(with_budget(number, rest + 1)).granted);
    const auto granted = successor.reserve(with_budget(number + 1, rest));
    ASSERT_TRUE(granted.granted);
    EXPECT_FALSE(granted.granted->unguarded);
    clock_.step(seconds(1));
    ports::SettleRequest settled = used(number + 1, 100);
    settled.turn.stream = number;
    successor.settle(settled);
    book_.tokens += 100;
    EXPECT_EQ(successor.standing(a_day(1000))->used_tokens, book_.tokens);
    clock_.step(seconds(1));
  }
}

TEST_F(RedisBudget, ASettlementThatComesAfterAnotherReplicasCheckCountsOnceWhetherItsRowWasThereOrNot) {
  for (const bool is_delivered : {false, true}) {
    redis_.ask({"FLUSHALL"});
    clock_.step(seconds(1));
    book_.tokens = 0;
    Replica slow(floor_, redis_.settings(), clock_, rules_of(&book_));
    ASSERT_TRUE(slow.reserve(with_budget(1, 300)).granted);
    clock_.step(seconds(1));
    const ports::SettleRequest ended = used(1, 300);
    clock_.step(seconds(1));
    book_.tokens = is_delivered ? 300 : 0;
    LinkFloor other_floor;
    Replica started(other_floor, redis_.settings(), clock_, rules_of(&book_));
    ASSERT_TRUE(started.reserve(with_budget(2, 10)).granted);
    ports::Loop::set_current(&floor_.loop);
    slow.settle(ended);
    EXPECT_EQ(slow.standing(a_day(1000))->used_tokens, 300);
  }
}

TEST_F(RedisBudget, TwoReplicasThatCheckOneAccountAtOnceCountEverythingOnce) {
  ASSERT_TRUE(replica().reserve(with_budget(1, 200)).granted);
  clock_.step(seconds(1));
  replica().settle(used(1, 200));
  clock_.step(seconds(1));
  book_.tokens = 350;
  LinkFloor one_floor;
  Replica one(one_floor, redis_.settings(), clock_, rules_of(&book_));
  clock_.step(seconds(1));
  LinkFloor two_floor;
  Replica two(two_floor, redis_.settings(), clock_, rules_of(&book_));
  std::vector<std::optional<ports::BudgetStanding>> standings;
  for (Replica* each : {&one, &two}) {
    ports::Loop::set_current(&each->floor.loop);
    spawn([](Replica& asked, auto& into) -> Task<void> {
      const ports::StandingQuestion question{.tenant = tenant, .key = {}, .limits = a_day(1000), .timezone = "UTC"};
      std::optional<ports::BudgetStanding> standing = co_await asked.ledger.standing(question);
      into.push_back(standing);
    }(*each, standings));
  }
  turn_until(one_floor.loop, [&] {
    two_floor.loop.turn(milliseconds(1));
    return standings.size() == 2;
  });
  for (const auto& standing : standings)
    EXPECT_EQ(standing->used_tokens, 350);
}

TEST_F(RedisBudget, EveryConnectionThatIsLostMakesAccountsBeCheckedAndOnlyThat) {
  ASSERT_TRUE(replica().reserve(with_budget(1, 100)).granted);
  clock_.step(seconds(1));
  replica().settle(used(1, 100));
  const int questions = book_.questions;
  redis_.ask({"CONFIG", "RESETSTAT"});
  for (std::uint64_t number = 2; number < 12; ++number) {
    ASSERT_TRUE(replica().reserve(with_budget(number, 10)).granted);
    replica().settle(used(number, 0));
  }
  const std::string stats = redis_.ask({"INFO", "commandstats"}).text;
  EXPECT_NE(stats.find("cmdstat_evalsha:calls=20,"), std::string::npos) << "one round trip for each";
  EXPECT_EQ(book_.questions, questions);
  clock_.step(seconds(1));
  book_.tokens = 950;
  const std::uint64_t connections = replica().link.connection_count();
  redis_.ask({"CLIENT", "KILL", "TYPE", "normal"});
  turn_until(floor_.loop, [&] { return replica().link.connection_count() > connections; });
  EXPECT_FALSE(replica().reserve(with_budget(20, 60)).granted);
  EXPECT_TRUE(replica().reserve(with_budget(21, 50)).granted);
}

TEST_F(RedisBudget, HoldsThatRedisLostAreHeldAgainBeforeAnythingIsGranted) {
  ASSERT_TRUE(replica().reserve(with_budget(1, 600)).granted);
  redis_.ask({"FLUSHALL"});
  clock_.step(seconds(1));
  EXPECT_FALSE(replica().reserve(with_budget(2, 500)).granted);
  ASSERT_TRUE(replica().reserve(with_budget(3, 400)).granted);
  clock_.step(seconds(1));
  replica().settle(used(1, 100));
  const auto standing = replica().standing(a_day(1000));
  EXPECT_EQ(standing->used_tokens, 100);
  EXPECT_EQ(standing->held_tokens, 400);
}

TEST_F(RedisBudget, AReplicaHoldsAgainWhatItHeldThoughAnotherFoundTheLoss) {
  LinkFloor other_floor;
  Replica other(other_floor, redis_.settings(), clock_, rules_of(&book_));
  ASSERT_TRUE(other.reserve(with_budget(1, 600)).granted);
  redis_.ask({"FLUSHALL"});
  clock_.step(seconds(1));
  ports::Loop::set_current(&floor_.loop);
  ASSERT_TRUE(replica().reserve(with_budget(2, 300)).granted);
  ports::Loop::set_current(&other_floor.loop);
  EXPECT_FALSE(other.reserve(with_budget(3, 200)).granted);
  EXPECT_TRUE(other.reserve(with_budget(4, 100)).granted);
}

TEST_F(RedisBudget, AReplicaThatRedisDoesNotKnowAnyMoreHoldsAgainUnasked) {
  ASSERT_TRUE(replica().reserve(with_budget(1, 600)).granted);
  const RedisPresence presence(
      replica().link, "this", {.counted = [](std::uint32_t) {}, .forgotten = [this] { replica_->ledger.renew_all(); }});
  const auto held = [this] {
    return !redis_.ask({"HGET", budget_key(replica_->server, tenant), "r:" + EventId{{1, 1}}.hex()}).is_nil();
  };
  ASSERT_TRUE(held());
  redis_.ask({"FLUSHALL"});
  turn_until(floor_.loop, held);
}

TEST_F(RedisBudget, SettlementsCountOnceEachThoughRedisForgotTheScriptAndRunsThemInAnotherOrder) {
  LinkFloor other_floor;
  Replica other(other_floor, redis_.settings(), clock_, rules_of(&book_));
  ports::Loop::set_current(&floor_.loop);
  ASSERT_TRUE(replica().reserve(request(1, 10, 10, 10)).granted) << "holds nothing: there is no budget yet";
  for (std::uint64_t number = 2; number <= 3; ++number)
    ASSERT_TRUE(replica().reserve(with_budget(number, 100)).granted);
  ASSERT_TRUE(other.reserve(with_budget(4, 100)).granted);
  clock_.step(seconds(1));
  redis_.ask({"SCRIPT", "FLUSH"});
  const ports::SettleRequest first = used(1, 100);
  replica().ledger.settle(first);
  replica().ledger.settle(used(2, 100));
  floor_.loop.turn(milliseconds(0));
  // The other teaches Redis the script: it runs the third, and the two before it only when they come again.
  ports::SettleRequest elsewhere = used(4, 100);
  elsewhere.turn = {.stream = 2, .sequence = 1};
  other.settle(elsewhere);
  sequence_ = 2;
  replica().settle(used(3, 100));
  replica().settle(first);
  const auto standing = replica().standing(a_day(1000));
  EXPECT_EQ(standing->used_tokens, 400);
  EXPECT_EQ(standing->held_tokens, 0);
}

TEST_F(RedisBudget, WhatRedisCannotWriteForNowIsBookedWhenItCan) {
  ASSERT_TRUE(replica().reserve(with_budget(1, 100)).granted);
  clock_.step(seconds(1));
  redis_.ask({"CONFIG", "SET", "min-replicas-to-write", "1"});
  replica().ledger.settle(used(1, 70));
  turn_until(floor_.loop, [this] { return !replica().link.is_up(); });
  EXPECT_EQ(replica().ledger.bookings().waiting(), 1U);
  redis_.ask({"CONFIG", "SET", "min-replicas-to-write", "0"});
  replica().until_booked();
  EXPECT_EQ(replica().standing(a_day(1000))->used_tokens, 70);
  EXPECT_EQ(replica().budgets.bookings_dropped, 0U);
}

TEST_F(RedisBudget, WhatRedisAnswersWithAnErrorOfItsOwnIsCountedAsDropped) {
  ASSERT_TRUE(replica().reserve(with_budget(1, 100)).granted);
  clock_.step(seconds(1));
  const RedisReply names = redis_.ask({"KEYS", "*"});
  for (const RedisReply& name : names.items)
    redis_.ask({"SET", name.text, "of another type"});
  replica().settle(used(1, 70));
  EXPECT_EQ(replica().budgets.bookings_dropped, 1U);
}

TEST_F(RedisBudget, WhatWaitedForRedisIsBookedManyAtATime) {
  constexpr std::uint64_t requests = 200;
  for (std::uint64_t id = 1; id <= requests; ++id)
    ASSERT_TRUE(replica().reserve(with_budget(id, 1, 10'000)).granted);
  clock_.step(seconds(1));
  redis_.ask({"CONFIG", "SET", "min-replicas-to-write", "1"});
  replica().ledger.settle(used(1, 1));
  turn_until(floor_.loop, [this] { return !replica().link.is_up(); });
  for (std::uint64_t id = 2; id <= requests; ++id)
    replica().ledger.settle(used(id, 1));
  redis_.ask({"CONFIG", "SET", "min-replicas-to-write", "0"});
  turn_until(floor_.loop, [this] { return replica().link.is_up(); });
  std::uint64_t turns = 0;  // a turn hears of no more than one round trip
  turn_until(floor_.loop, [&] { return ++turns > requests || replica().ledger.bookings().waiting() == 0; });
  EXPECT_LT(turns, requests / 2);
  EXPECT_EQ(replica().standing(a_day(10'000))->used_tokens, requests);
}

TEST_F(RedisBudget, ARenewalThatRunsAfterTheSettlementHoldsNothing) {
  ASSERT_TRUE(replica().reserve(with_budget(1, 600)).granted);
  redis_.ask({"FLUSHALL"});
  redis_.ask({"SCRIPT", "FLUSH"});
  // Redis learns to settle, and not to renew: so the renewal is asked for a second time, after the settlement.
  LinkFloor other_floor;
  Replica other(other_floor, redis_.settings(), clock_, rules_of(&book_));
  ports::ReserveRequest elsewhere = with_budget(2, 10);
  elsewhere.tenant = TenantId{{8, 8}};
  ASSERT_TRUE(other.reserve(elsewhere).granted);
  ports::SettleRequest settled = used(2, 0);
  settled.tenant = elsewhere.tenant;
  other.settle(settled);
  ports::Loop::set_current(&floor_.loop);
  const ports::HeldReservation held{EventId{{1, 1}}, tenant};
  replica().ledger.renew(std::span(&held, 1));
  replica().settle(used(1, 100));
  ASSERT_TRUE(run_on(floor_.loop, replica().link.call({.operation = "test", .words = {"PING"}})));
  EXPECT_EQ(replica().standing(a_day(1000))->held_tokens, 0);
}

// ---- the same answers as the embedded ledger ---------------------------------------------------------------------

void expect_same(const std::optional<ports::RateState>& shared, const std::optional<ports::RateState>& embedded) {
  ASSERT_EQ(shared.has_value(), embedded.has_value());
  if (!shared) return;
  EXPECT_EQ(shared->limit, embedded->limit);
  EXPECT_EQ(shared->remaining, embedded->remaining);
  EXPECT_EQ(shared->reset, embedded->reset);
}

void expect_same(const ports::ReserveOutcome& shared, const ports::ReserveOutcome& embedded) {
  ASSERT_EQ(shared.granted.has_value(), embedded.granted.has_value());
  if (shared.granted) {
    EXPECT_EQ(shared.granted->held_tokens, embedded.granted->held_tokens);
    EXPECT_EQ(shared.granted->output_cap, embedded.granted->output_cap);
    EXPECT_EQ(shared.granted->softened_by, embedded.granted->softened_by);
    EXPECT_EQ(shared.granted->counts_on_budget, embedded.granted->counts_on_budget);
    expect_same(shared.granted->tokens, embedded.granted->tokens);
    expect_same(shared.granted->requests, embedded.granted->requests);
    return;
  }
  EXPECT_EQ(shared.refusal.by, embedded.refusal.by);
  EXPECT_EQ(shared.refusal.account, embedded.refusal.account);
  EXPECT_EQ(shared.refusal.retry_after, embedded.refusal.retry_after);
  expect_same(shared.refusal.tokens, embedded.refusal.tokens);
  expect_same(shared.refusal.requests, embedded.refusal.requests);
}

class Twins {
 public:
  Twins(Replica& shared, SteppedClock& clock, std::uint64_t seed) : shared_(shared), clock_(clock), random_(seed) {}

  void step() {
    const std::uint64_t what = random_() % 10;
    if (what < 5) reserve();
    if (what >= 5 && what < 8) settle();
    if (what == 8) clock_.step(milliseconds(random_() % 20'000));
    if (what == 9) compare_standing();
    if (random_() % 300 == 0) clock_.step(std::chrono::hours(random_() % 18));
  }

 private:
  ports::LimitedAccount limits(std::uint64_t kind) {
    ports::LimitedAccount made;
    if (kind % 2 == 0) made.quota.tokens_per_minute = 700 + static_cast<std::int64_t>(random_() % 8 == 0 ? 300 : 0);
    if (kind % 3 == 0) made.quota.requests_per_minute = 11;
    if (kind % 5 < 3) {
      made.budget = Budget{.period = kind % 2 == 0 ? BudgetPeriod::day : BudgetPeriod::lifetime,
                           .tokens = 9'000,
                           .cost = kind % 3 == 0 ? std::optional(NanoUsd{20'000'000'000}) : std::nullopt};
    }
    return made;
  }
  void reserve() {
    const std::uint64_t who = random_() % 6;
    ports::ReserveRequest asked = request(++last_, random_() % 200, random_() % 200, 200 + random_() % 400);
    asked.tenant = TenantId{{100, who / 2}};
    asked.key = KeyId{{200, who}};
    asked.key_limits = limits(who);
    asked.tenant_limits = limits(who / 2 + 6);
    asked.answers = 1 + static_cast<std::int64_t>(random_() % 2);
    asked.output_cost_per_token = PicoUsd{1'234'567'891};
    asked.input_cost = NanoUsd{asked.input_tokens * 1'000'003};
    asked.bound_cost = NanoUsd{asked.input_cost.value + (asked.bound_tokens - asked.input_tokens) * 1'234'568};
    if (random_() % 2 == 0) asked.soften_to_tokens = 20;
    const ports::ReserveOutcome mine = shared_.reserve(asked);
    const ports::ReserveOutcome other = embedded_.reserve(asked).run_now();
    expect_same(mine, other);
    if (mine.granted) open_.push_back(asked);
  }
  void settle() {
    if (open_.empty()) return;
    const std::size_t at = random_() % open_.size();
    const ports::ReserveRequest asked = open_[at];
    open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(at));
    const ports::SettleRequest settled{.reservation = asked.reservation,
                                       .tenant = asked.tenant,
                                       .key = asked.key,
                                       .used_tokens = static_cast<std::int64_t>(random_() % 500),
                                       .cost = NanoUsd{static_cast<std::int64_t>(random_() % 400'000'000)},
                                       .refund_request = random_() % 4 == 0,
                                       .ended_at = clock_.wall_now(),
                                       .turn = {.stream = 1, .sequence = ++sequence_}};
    shared_.settle(settled);
    embedded_.settle(settled);
  }
  void compare_standing() {
    const std::uint64_t who = random_() % 3;
    const ports::StandingQuestion question{
        .tenant = TenantId{{100, who}}, .key = {}, .limits = limits(who + 6), .timezone = "UTC"};
    const auto mine = run_on(shared_.floor.loop, shared_.ledger.standing(question));
    const auto other = embedded_.standing(question).run_now();
    ASSERT_TRUE(mine && other);
    EXPECT_EQ(mine->used_tokens, other->used_tokens);
    EXPECT_EQ(mine->used_cost.value, other->used_cost.value);
    EXPECT_EQ(mine->held_tokens, other->held_tokens);
    EXPECT_EQ(mine->held_cost.value, other->held_cost.value);
    EXPECT_EQ(mine->resets_at, other->resets_at);
  }

  Replica& shared_;
  SteppedClock& clock_;
  MemoryBudgetLedger embedded_{clock_};
  std::mt19937_64 random_;
  std::vector<ports::ReserveRequest> open_;
  std::uint64_t last_ = 0;
  std::uint64_t sequence_ = 0;
};

// OBLETH_BUDGET_OPERATIONS: for each of the seeds.
TEST_F(RedisBudget, AnswersAsTheEmbeddedLedgerWhateverIsAsked) {
  const char* const wanted = std::getenv("OBLETH_BUDGET_OPERATIONS");
  const int operations = wanted == nullptr ? 1500 : std::atoi(wanted);
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    redis_.ask({"FLUSHALL"});
    SteppedClock clock;
    LinkFloor floor;
    Replica shared(floor, redis_.settings(), clock, rules_of(nullptr));
    Twins twins(shared, clock, seed);
    for (int operation = 0; operation < operations; ++operation) {
      twins.step();
      ASSERT_FALSE(HasFailure()) << "seed " << seed << ", operation " << operation;
    }
  }
}

}  // namespace
}  // namespace obleth::adapters
