// What the engine promises to an operator, one claim at a time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "core/fairshare/admission.hpp"
#include "core/fairshare/admission_rig.hpp"
#include "core/fairshare/largest_cost.hpp"
#include "core/fairshare/virtual_account.hpp"

namespace obleth::fairshare {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;

// One slot that answers a request every second, with 20 answers behind it for which others waited, so that waits can be
// predicted.
class BusySlot : public testing::Test {
 protected:
  void SetUp() override {
    constexpr std::uint64_t last = 1'025;
    rig.step(Rig::request(1'000, 9));
    for (std::uint64_t waiter = 1'001; waiter <= last; ++waiter) {
      rig.step(Rig::request(waiter, 9));
      rig.pass(seconds(1));
      rig.finish(waiter - 1);
    }
    rig.pass(seconds(1));
    rig.finish(last);
    rig.turns.clear();
  }
  static Arrive long_answer(std::uint64_t waiter, std::uint64_t tenant) {
    Arrive event = Rig::request(waiter, tenant);
    event.requested_cap = 4'000;
    return event;
  }
  [[nodiscard]] std::optional<std::int64_t> cap_of(std::uint64_t waiter) const {
    const auto found = std::ranges::find(rig.actions.granted, waiter, &Granted::waiter);
    return found == rig.actions.granted.end() ? std::nullopt : found->output_cap;
  }
  Rig rig{{.capacity = 1}};
};

TEST_F(BusySlot, AnswerIsCutWhenItsRequestWaitedTooLong) {
  rig.step(Rig::request(1, 1));
  rig.step(long_answer(2, 2));
  rig.pass(seconds(20));
  rig.finish(1);
  EXPECT_EQ(cap_of(2), 256);  // 2 x 100 learned / 4 is below the floor
}

TEST_F(BusySlot, NewcomerIsNotCutWhenItGoesSoon) {
  rig.step(Rig::request(1, 1));
  rig.step(long_answer(2, 2));
  rig.pass(seconds(1));
  rig.finish(1);
  EXPECT_EQ(rig.turns.back(), 2U);
  EXPECT_EQ(cap_of(2), std::nullopt);
}

TEST_F(BusySlot, WorkAheadOnIdleSlotsCutsNobody) {
  rig.step(SetCapacity{.slots = 200});
  for (std::uint64_t waiter = 1; waiter <= 100; ++waiter) {
    rig.step(long_answer(waiter, 1));
    EXPECT_EQ(cap_of(waiter), std::nullopt) << waiter;
  }
}

TEST_F(BusySlot, LearnedOutputAndNotTheRequestedCapIsCut) {
  for (std::uint64_t waiter = 1; waiter <= 60; ++waiter) {
    rig.step(long_answer(waiter, 2));
    rig.pass(seconds(1));
    rig.finish(waiter, 1'000);
  }
  rig.step(Rig::request(101, 1));
  Arrive modest = long_answer(102, 2);
  modest.requested_cap = 600;
  rig.step(modest);
  rig.pass(seconds(15));
  rig.finish(101);
  EXPECT_EQ(cap_of(102), std::nullopt);  // 2 x 1000 / 3 is more than it asked for
}

TEST_F(BusySlot, BrownoutFirstActsAtHalfTheThresholdAndNeverNotAtAll) {
  rig.step(Rig::request(1, 1));
  for (const auto& [waiter, policy] : {std::pair<std::uint64_t, BrownoutPolicy>{2, BrownoutPolicy::first},
                                       {3, BrownoutPolicy::allow},
                                       {4, BrownoutPolicy::never}}) {
    Arrive event = long_answer(waiter, waiter);
    event.brownout.policy = policy;
    rig.step(event);
  }
  rig.pass(seconds(3));
  rig.finish(1);
  EXPECT_TRUE(cap_of(2).has_value());
  rig.finish(2);
  EXPECT_EQ(cap_of(3), std::nullopt);
  rig.pass(seconds(30));
  rig.finish(3);
  EXPECT_EQ(rig.turns.back(), 4U);
  EXPECT_EQ(cap_of(4), std::nullopt);
}

TEST_F(BusySlot, BrownoutSettingsAreForThoseWhoWaitToo) {
  rig.step(Rig::request(1, 9));
  for (const std::uint64_t waiter : {2U, 3U, 4U, 5U})
    rig.step(long_answer(waiter, waiter));
  const auto set = [&](std::uint64_t tenant, const BrownoutSettings& brownout) {
    rig.step(
        SetTenant{.tenant = id_of<TenantId>(tenant), .group = id_of<GroupId>(1), .settings = {}, .brownout = brownout});
  };
  set(2, {.policy = BrownoutPolicy::never});
  set(3, {.wait_ms = 60'000});
  rig.step(SetModel{.model = id_of<ModelId>(1), .settings = {.brownout_floor = 700}});
  rig.pass(seconds(30));
  rig.finish(1);
  EXPECT_EQ(cap_of(2), std::nullopt);
  rig.finish(2);
  EXPECT_EQ(cap_of(3), std::nullopt);
  rig.finish(3);
  EXPECT_EQ(cap_of(4), 700);
  rig.step(SetWaitLimits{
      .tenant_queue_max = 256, .pool_queue_max = 256, .admission_timeout = seconds(60), .brownout_wait = seconds(31)});
  rig.finish(4);
  EXPECT_EQ(rig.turns.back(), 5U);
  EXPECT_EQ(cap_of(5), std::nullopt);
}

TEST_F(BusySlot, RetryAfterIsTheQueueAtTheTenantsShareOfTheRate) {
  rig.step(Rig::request(1, 1));
  rig.pass(seconds(1));
  for (std::uint64_t waiter = 2; waiter <= 31; ++waiter)
    rig.step(Rig::request(waiter, waiter <= 16 ? 1 : 2));
  // 15 requests of 500 at half of some 500 a second: 30 s.
  rig.step(SetTenant{.tenant = id_of<TenantId>(1), .group = id_of<GroupId>(1), .settings = {}, .admits = false});
  ASSERT_EQ(rig.actions.refused.size(), 15U);
  EXPECT_NEAR(static_cast<double>(rig.actions.refused[0].retry_after / milliseconds(1)), 30'000, 6'000);
  EXPECT_EQ(rig.actions.refused.back().retry_after,
            std::clamp(rig.actions.refused.back().retry_after, Duration(seconds(1)), Duration(seconds(60))));
}

TEST_F(BusySlot, HopelessRequestIsRefusedOnArrivalAndOthersAreNot) {
  rig.step(Rig::request(1, 1));
  for (std::uint64_t waiter = 2; waiter <= 40; ++waiter)
    rig.step(Rig::request(waiter, 1));
  Arrive hurried = Rig::request(100, 1);
  hurried.deadline = rig.now + seconds(10);
  rig.step(hurried);
  ASSERT_EQ(rig.actions.refused.size(), 1U);
  EXPECT_EQ(rig.actions.refused[0].reason, RefusalReason::predicted_too_long);
  Arrive newcomer = Rig::request(101, 2);
  newcomer.deadline = rig.now + seconds(10);
  rig.step(newcomer);
  EXPECT_EQ(rig.actions.queued.size(), 1U);
}

// A request waits for those of its tenant that share slots with it: not for 50 others of model 2, where one may run.
void expect_no_wait_for_the_other_model(Rig& rig, std::uint64_t first_asks) {
  rig.step(SetCapacity{.slots = 2});
  rig.step(Rig::request(1, 9, 1, first_asks));
  rig.step(Rig::request(2, 9));
  rig.step(Rig::request(3, 1));
  rig.step(Rig::request(4, 1));
  const Duration alone = rig.actions.queued.at(0).predicted_wait;
  EXPECT_GE(alone, milliseconds(500));
  for (std::uint64_t waiter = 10; waiter < 60; ++waiter) {
    Arrive event = Rig::request(waiter, 1 + waiter % 5, 1, 2);
    event.requested_cap = 4'000;
    rig.step(event);
  }
  rig.step(Rig::request(5, 1));
  ASSERT_EQ(rig.actions.queued.size(), 1U);
  EXPECT_GT(rig.actions.queued[0].predicted_wait, alone);
  EXPECT_LT(rig.actions.queued[0].predicted_wait, 3 * alone);
}

TEST_F(BusySlot, WaitersForAModelThatIsDownMakeNoOthersWaitLonger) {
  rig.step(SetModel{.model = id_of<ModelId>(2), .settings = {}, .admits = true});
  rig.step(SetEligible{.model = id_of<ModelId>(2), .eligible = false});
  expect_no_wait_for_the_other_model(rig, 2);
}

TEST_F(BusySlot, WaitersForAModelThatIsDownMakeNoOthersWaitLongerBeforeItsNextTry) {
  rig.step(SetModel{.model = id_of<ModelId>(2), .settings = {}, .admits = true});
  rig.step(SetEligible{.model = id_of<ModelId>(2), .eligible = false});
  expect_no_wait_for_the_other_model(rig, 1);
}

TEST_F(BusySlot, NothingIsForeseenBesideWaitersOfUnknownLength) {
  const auto ask = [this](std::uint64_t waiter, std::uint64_t tenant, std::uint64_t model) {
    rig.step(Rig::request(waiter, tenant, 1, model));
    return rig.actions.queued.at(0).predicted_wait;
  };
  rig.step(Rig::request(1, 1));
  ask(2, 1, 1);
  EXPECT_GT(ask(3, 1, 1), Duration::zero());
  ask(4, 1, 2);
  EXPECT_EQ(ask(5, 1, 1), Duration::zero());
  ask(6, 2, 1);
  EXPECT_GT(ask(7, 2, 1), Duration::zero());
}

TEST_F(BusySlot, WaitersForAModelThatIsFullMakeNoOthersWaitLonger) {
  rig.step(SetModel{.model = id_of<ModelId>(2), .settings = {.max_in_flight = 1}, .admits = true});
  expect_no_wait_for_the_other_model(rig, 2);
}

TEST(AdmissionPromise, WhoMayHoldButOneSlotIsToldHowLongThatOneTakes) {
  Rig rig({.capacity = 4});
  rig.step(SetTenant{
      .tenant = id_of<TenantId>(1), .group = id_of<GroupId>(1), .settings = {.max_in_flight = 1}, .admits = true});
  for (std::uint64_t waiter = 100; waiter < 200; ++waiter)
    rig.step(Rig::request(waiter, 2));
  const auto serve_for_a_second = [&rig] {
    rig.pass(seconds(1));
    for (std::size_t last = rig.turns.size(), at = last - 4; at < last; ++at)
      rig.finish(rig.turns[at]);
  };
  for (int second = 0; second < 6; ++second)
    serve_for_a_second();
  for (std::uint64_t waiter = 1; waiter <= 11; ++waiter) {
    Arrive event = Rig::request(waiter, 1);
    event.tenant_settings.max_in_flight = 1;
    rig.step(event);
  }
  ASSERT_EQ(rig.actions.queued.size(), 1U);
  const double foreseen = static_cast<double>(rig.actions.queued[0].predicted_wait / milliseconds(1));
  // One waits for a slot, nine more wait for its end.
  EXPECT_NEAR(foreseen, 10'000, 2'000);
}

TEST(AdmissionPromise, NothingIsPredictedBeforeTwentyCompletions) {
  Rig rig({.capacity = 1});
  for (std::uint64_t waiter = 1; waiter <= 19; ++waiter) {
    rig.step(Rig::request(waiter, 1));
    rig.pass(seconds(1));
    rig.finish(waiter);
  }
  for (std::uint64_t waiter = 100; waiter < 200; ++waiter)
    rig.step(Rig::request(waiter, 1));
  EXPECT_EQ(rig.actions.queued.at(0).predicted_wait, Duration::zero());
  rig.pass(seconds(1));
  rig.finish(100);
  rig.step(Rig::request(200, 1));
  EXPECT_GT(rig.actions.queued.at(0).predicted_wait, seconds(50));
}

// What they may take at most is no measure of what they do: answers that failed have taught nothing.
TEST(AdmissionPromise, NothingIsPredictedWhileNoAnswerHasBeenSeen) {
  Rig rig({.capacity = 1});
  for (std::uint64_t waiter = 1; waiter <= 250; ++waiter)
    rig.step(Rig::request(waiter, 1 + waiter % 2));
  for (std::uint64_t done = 0; done < 100; ++done) {
    rig.pass(milliseconds(100));
    rig.step(Finish{.ticket = rig.tickets[rig.turns.back()], .learn = false, .usage = TokenUsage{}});
  }
  rig.step(Rig::request(1'000, 1));
  ASSERT_EQ(rig.actions.queued.size(), 1U);
  EXPECT_EQ(rig.actions.queued.at(0).predicted_wait, Duration::zero());
}

TEST(AdmissionPromise, BurstAfterAQuietStartIsNeitherRefusedNorCut) {
  Rig rig({.capacity = 4, .tenant_queue_max = 256});
  // One short request every ten seconds: what is done says nothing of what can be done.
  for (std::uint64_t waiter = 1; waiter <= 30; ++waiter) {
    rig.step(Rig::request(waiter, 1));
    rig.pass(milliseconds(100));
    rig.finish(waiter);
    rig.pass(seconds(10));
  }
  for (std::uint64_t waiter = 100; waiter < 300; ++waiter) {
    Arrive event = Rig::request(waiter, 1);
    event.requested_cap = 4'000;
    rig.step(event);
    EXPECT_TRUE(rig.actions.refused.empty()) << waiter;
  }
  for (int done = 0; done < 100; ++done) {
    rig.pass(milliseconds(25));
    rig.finish(rig.turns[rig.turns.size() - 4]);
    ASSERT_EQ(rig.actions.granted.size(), 1U);
    EXPECT_EQ(rig.actions.granted[0].output_cap, std::nullopt);
  }
  // What was seen meanwhile: 500 units every 25 ms.
  EXPECT_NEAR(static_cast<double>(rig.engine.snapshot(rig.now).drain_rate_per_second), 20'000'000, 2'000'000);
}

TEST(AdmissionPromise, DisabledModelsWaitingRequestsAreRefused) {
  Rig rig({.capacity = 1});
  rig.step(Rig::request(1, 1));
  rig.step(Rig::request(2, 1, 1, 1));
  rig.step(Rig::request(3, 1, 1, 2));
  rig.step(SetModel{.model = id_of<ModelId>(1), .settings = {}, .admits = false});
  ASSERT_EQ(rig.actions.refused.size(), 1U);
  EXPECT_EQ(rig.actions.refused[0].waiter, 2U);
  EXPECT_EQ(rig.actions.refused[0].reason, RefusalReason::not_admitted);
  rig.step(Rig::request(4, 1, 1, 1));
  EXPECT_EQ(rig.actions.refused.size(), 1U);
  rig.step(SetModel{.model = id_of<ModelId>(1), .settings = {}});
  rig.step(Rig::request(5, 1, 1, 1));
  EXPECT_EQ(rig.actions.queued.size(), 1U);
}

// Long enough for keys, then their tenants, then deleted groups to be forgotten.
void pass_idle_minutes(Rig& rig) {
  for (int minute = 0; minute < 5; ++minute) {
    rig.pass(minutes(2));
    for (int i = 0; i < 4; ++i)
      rig.step(Tick{});
  }
}

TEST(AdmissionPromise, DeletedModelsAndGroupsAreForgottenOnceNothingRuns) {
  Rig rig({.capacity = 4});
  std::uint64_t waiter = 0;
  for (std::uint64_t round = 1; round <= 50; ++round) {
    rig.step(SetGroup{.group = id_of<GroupId>(round), .settings = {}});
    rig.step(SetModel{.model = id_of<ModelId>(round), .settings = {}});
    rig.step(Rig::request(++waiter, round, round, round));
    rig.step(ForgetGroup{.group = id_of<GroupId>(round)});
    rig.step(ForgetModel{.model = id_of<ModelId>(round)});
    EXPECT_EQ(rig.engine.snapshot(rig.now).models.size(), 1U);
    rig.finish(waiter);
    pass_idle_minutes(rig);
    ASSERT_EQ(rig.engine.broken_invariant(), "");
  }
  EXPECT_TRUE(rig.engine.snapshot(rig.now).models.empty());
  EXPECT_TRUE(rig.engine.snapshot(rig.now).groups.empty());
  EXPECT_TRUE(rig.engine.snapshot(rig.now).tenants.empty());
}

TEST(AdmissionPromise, TenantWithOneKeyIsForgottenOnceItOwesNothing) {
  Rig rig({.capacity = 1});
  rig.step(Rig::request(1, 1));
  rig.finish(1);
  for (std::uint64_t waiter = 2; waiter < 20; ++waiter) {  // another one catches up with it
    rig.step(Rig::request(waiter, 2));
    rig.finish(waiter);
  }
  pass_idle_minutes(rig);
  ASSERT_EQ(rig.engine.snapshot(rig.now).tenants.size(), 1U);
  EXPECT_EQ(rig.engine.snapshot(rig.now).tenants.front().tenant, id_of<TenantId>(2));
}

TEST(AdmissionPromise, NewcomerIsServedNext) {
  Rig rig({.capacity = 1});
  for (std::uint64_t waiter = 1; waiter <= 50; ++waiter)
    rig.step(Rig::request(waiter, 1 + waiter % 5));
  for (std::size_t done = 0; done < 20; ++done)
    rig.finish(rig.turns[done], 10 + static_cast<std::int64_t>(done * done));
  rig.step(Rig::request(100, 6));
  rig.finish(rig.turns.back());
  EXPECT_EQ(rig.turns.back(), 100U);
}

TEST(AdmissionPromise, WeightChangeActsOnTheNextTurnsOfWhatWaitsAlready) {
  Rig rig({.capacity = 1});
  for (std::uint64_t waiter = 1; waiter <= 60; ++waiter)
    rig.step(Rig::request(waiter, 1 + waiter % 2));
  for (std::size_t done = 0; done < 10; ++done)
    rig.finish(rig.turns[done]);
  rig.step(SetTenant{.tenant = id_of<TenantId>(1), .group = id_of<GroupId>(1), .settings = {.weight = 400}});
  rig.turns.erase(rig.turns.begin(), rig.turns.end() - 1);
  for (std::size_t done = 0; done < 20; ++done)
    rig.finish(rig.turns[done]);
  const auto of_heavier = std::ranges::count_if(rig.turns, [](std::uint64_t waiter) { return waiter % 2 == 0; });
  EXPECT_NEAR(static_cast<double>(of_heavier), 21 * 0.8, 1.5);
}

TEST(AdmissionPromise, DebtOfIdleCapacityIsNoMoreThanOneLargestRequest) {
  Rig rig({.capacity = 1});
  // Alone for a long while, with one large answer that was not expected to be so.
  for (std::uint64_t waiter = 1; waiter <= 30; ++waiter) {
    rig.step(Rig::request(waiter, 1));
    rig.finish(waiter);
  }
  rig.step(Rig::request(40, 1));
  rig.step(Rig::request(41, 1));
  for (std::uint64_t waiter = 50; waiter < 60; ++waiter)
    rig.step(Rig::request(waiter, 2));
  rig.turns.clear();
  rig.finish(40);
  for (std::size_t done = 0; done < 5; ++done)
    rig.finish(rig.turns[done]);
  EXPECT_THAT(rig.turns, testing::Contains(41));
}

TEST(AdmissionPromise, AgeGuardTakesAtMostEverySixteenthTurn) {
  Rig rig({.capacity = 1});
  // Tenant 1 has a weight so small that its turn would not come; tenant 2 keeps coming.
  rig.step(Rig::request(1, 2));
  for (std::uint64_t waiter = 2; waiter <= 6; ++waiter) {
    Arrive slight = Rig::request(waiter, 1);
    slight.tenant_settings.weight = 1;
    rig.step(slight);
  }
  for (std::uint64_t waiter = 100; waiter < 200; ++waiter)
    rig.step(Rig::request(waiter, 2));
  rig.finish(rig.turns.back());
  rig.pass(seconds(31));
  std::vector<std::size_t> guarded;
  for (std::size_t turn = 0; turn < 64; ++turn) {
    rig.finish(rig.turns.back());
    if (rig.actions.granted.at(0).by_age_guard) guarded.push_back(turn);
  }
  ASSERT_GE(guarded.size(), 3U);
  for (std::size_t i = 1; i < guarded.size(); ++i)
    EXPECT_EQ(guarded[i] - guarded[i - 1], 16U);
}

// Thousands who are older and may not go, because their model is full, hide nobody from the guard.
TEST(AdmissionPromise, AgeGuardFindsWhoWaitsBehindManyThatMayNotGo) {
  Rig rig({.capacity = 2, .tenant_queue_max = 5'000});
  rig.step(SetModel{.model = id_of<ModelId>(2), .settings = {.max_in_flight = 1}});
  rig.step(Rig::request(3, 3, 1, 2));
  rig.step(Rig::request(1, 2));
  for (std::uint64_t waiter = 1'000; waiter < 4'000; ++waiter)
    rig.step(Rig::request(waiter, 3, 1, 2));
  Arrive slight = Rig::request(2, 1);
  slight.tenant_settings.weight = 1;
  rig.step(slight);
  for (std::uint64_t waiter = 100; waiter < 300; ++waiter)
    rig.step(Rig::request(waiter, 2));
  rig.pass(seconds(31));
  for (std::size_t turn = 0; turn < 80; ++turn) {
    rig.finish(rig.turns.back());
    if (rig.turns.back() == 2) return;
  }
  FAIL() << "never called";
}

TEST(AdmissionPromise, WeightedKnowsNoGroups) {
  for (const auto algorithm : {Algorithm::hierarchical, Algorithm::weighted}) {
    Rig rig({.capacity = 1, .algorithm = algorithm});
    // One tenant in the first group, three in the second.
    for (std::uint64_t waiter = 0; waiter < 80; ++waiter)
      rig.step(Rig::request(waiter, 1 + waiter % 4, waiter % 4 == 0 ? 1 : 2));
    for (std::size_t done = 0; done < 24; ++done)
      rig.finish(rig.turns[done]);
    const auto of_first = std::ranges::count_if(rig.turns, [](std::uint64_t waiter) { return waiter % 4 == 0; });
    EXPECT_NEAR(static_cast<double>(of_first), algorithm == Algorithm::weighted ? 6 : 12, 1.5);
  }
}

TEST(AdmissionPromise, CapsHoldAtEveryLevelAndHoldUpNobody) {
  for (const int level : {1, 2, 3}) {
    Rig rig({.capacity = 8});
    for (std::uint64_t waiter = 1; waiter <= 4; ++waiter) {
      Arrive event = Rig::request(waiter, 1);
      (level == 1 ? event.group_settings : level == 2 ? event.tenant_settings : event.key_settings).max_in_flight = 2;
      rig.step(event);
    }
    rig.step(Rig::request(5, 2, 2));
    EXPECT_THAT(rig.turns, ElementsAre(1, 2, 5)) << level;
    rig.finish(1);
    EXPECT_EQ(rig.turns.back(), 3U) << level;
  }
}

TEST(AdmissionPromise, OverrunExtendsTheReservationByHalfOfWhatWasProduced) {
  Rig rig({.capacity = 2});
  Arrive event = Rig::request(1, 1);
  event.requested_cap = 4'000;
  rig.step(event);
  rig.finish(1, 100);  // 100 is what is expected now
  event.waiter = 2;
  rig.step(event);
  rig.step(Progress{.ticket = rig.tickets[2], .output_tokens = 100});
  EXPECT_EQ(rig.engine.snapshot(rig.now).tenants.at(0).reserved_cost.value, 0);
  rig.step(Progress{.ticket = rig.tickets[2], .output_tokens = 200});
  EXPECT_EQ(rig.engine.snapshot(rig.now).tenants.at(0).reserved_cost.value, 100 * 4'000);
  rig.step(Progress{.ticket = rig.tickets[2], .output_tokens = 301});
  EXPECT_EQ(rig.engine.snapshot(rig.now).tenants.at(0).reserved_cost.value, 301 * 2'000);
}

// Else what it is forgiven and what it gets back when it turns out smaller would both count for it.
TEST(AdmissionPromise, LargestRequestIsForgivenNoPartOfItself) {
  Rig rig({.capacity = 1});
  rig.step(Rig::request(1, 2));
  for (std::uint64_t waiter : {2U, 3U, 4U})
    rig.step(Rig::request(waiter, waiter == 3 ? 2 : 1));
  rig.finish(1, 0);
  rig.step(Progress{.ticket = rig.tickets[2], .output_tokens = 400});
  rig.finish(2, 30);
  EXPECT_EQ(rig.engine.snapshot(rig.now).forgiven_cost, 0);
  EXPECT_THAT(rig.turns, ElementsAre(1, 2, 3));
}

TEST(LargestCost, IsRememberedForTenMinutesAndNotMuchLonger) {
  LargestCost largest;
  const Instant start = Instant(seconds(59));
  largest.see(5'000, start);
  largest.see(10, start + minutes(5));
  largest.forget(start + minutes(10));
  EXPECT_EQ(largest.value(), 5'000);
  largest.forget(start + minutes(11) + seconds(1));
  EXPECT_EQ(largest.value(), 10);
  largest.forget(start + minutes(60));
  EXPECT_EQ(largest.value(), 0);
}

TEST(VirtualAccount, LosesNotTheSmallestPartOfACost) {
  VirtualAccount account(7);
  std::int64_t whole = 0;
  for (std::int64_t cost = 1; cost < 2'000; cost += 3) {
    account.settle(cost);
    whole += cost;
  }
  EXPECT_EQ(account.settled(), whole * virtual_units / divisor_of(7));
}

TEST(VirtualAccount, WhatWasChargedTooMuchIsCreditAndSettledServiceDoesNotFall) {
  VirtualAccount account(100);
  account.settle(1'000'000);
  const std::int64_t before = account.peak();
  account.settle(-400'000);
  EXPECT_EQ(account.peak(), before);
  account.settle(300'000);
  EXPECT_EQ(account.peak(), before);
  account.settle(200'000);
  EXPECT_EQ(account.peak(), before + 100'000 * virtual_units / divisor_of(100));
}

}  // namespace
}  // namespace obleth::fairshare
