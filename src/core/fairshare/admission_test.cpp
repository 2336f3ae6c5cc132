#include "core/fairshare/admission.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "core/fairshare/admission_rig.hpp"

namespace obleth::fairshare {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;

TEST(Admission, RequestIsAdmittedAtOnceWhileASlotIsFree) {
  Rig rig({.capacity = 1});
  rig.step(Rig::request(1, 1));
  ASSERT_EQ(rig.actions.granted.size(), 1U);
  EXPECT_FALSE(rig.actions.granted[0].waited);
  EXPECT_EQ(rig.actions.granted[0].fair_estimate, 100);
  EXPECT_TRUE(rig.actions.queued.empty());
  rig.step(Rig::request(2, 1));
  ASSERT_EQ(rig.actions.queued.size(), 1U);
  EXPECT_EQ(rig.engine.in_flight(), 1U);
  EXPECT_EQ(rig.engine.queued(), 1U);
}

TEST(Admission, TenantFurthestBehindGoesNext) {
  Rig rig({.capacity = 1});
  for (std::uint64_t waiter : {1U, 2U, 3U})
    rig.step(Rig::request(waiter, 1));
  rig.step(Rig::request(4, 2));
  rig.finish(1);
  rig.finish(4);
  EXPECT_THAT(rig.turns, ElementsAre(1, 4, 2));
}

TEST(Admission, TurnsFollowWeights) {
  Rig rig({.capacity = 1});
  auto heavy = Rig::request(0, 1);
  heavy.tenant_settings.weight = 300;
  for (std::uint64_t i = 1; i <= 40; ++i) {
    heavy.waiter = i;
    rig.step(heavy);
    rig.step(Rig::request(100 + i, 2));
  }
  for (std::size_t done = 0; done < 40; ++done)
    rig.finish(rig.turns[done]);
  const auto of_heavy = std::ranges::count_if(rig.turns, [](std::uint64_t waiter) { return waiter <= 40; });
  EXPECT_NEAR(static_cast<double>(of_heavy), 41 * 0.75, 2);
}

TEST(Admission, FinishSettlesWhatWasReallyUsed) {
  Rig rig({.capacity = 1});
  rig.step(Rig::request(1, 1));
  rig.finish(1, 50);
  ASSERT_EQ(rig.actions.settled.size(), 1U);
  EXPECT_EQ(rig.actions.settled[0].cost.value, (100 + 4 * 50) * 1000);
}

TEST(Admission, CachedPromptTokensCostATenth) {
  Rig rig({.capacity = 1});
  rig.step(Rig::request(1, 1));
  rig.step(Finish{.ticket = rig.tickets[1], .usage = TokenUsage{.prompt = {100}, .cached = {60}, .output = {1}}});
  EXPECT_EQ(rig.actions.settled[0].cost.value, 40'000 + 6'000 + 4'000);
}

TEST(Admission, AdmissionWeightMultipliesCost) {
  Rig rig({.capacity = 1});
  ModelSettings settings;
  settings.costs.admission_weight_thousandths = 4000;
  rig.step(SetModel{.model = id_of<ModelId>(1), .settings = settings});
  rig.step(Rig::request(1, 1));
  rig.finish(1, 50);
  EXPECT_EQ(rig.actions.settled[0].cost.value, 4 * (100 + 4 * 50) * 1000);
}

TEST(Admission, SlowReaderPaysForTheSlotItHolds) {
  Rig rig({.capacity = 1});
  rig.step(Rig::request(1, 1));
  rig.pass(seconds(100));
  rig.finish(1, 50);
  EXPECT_EQ(rig.actions.settled[0].cost.value, 60'000 * 100);
  EXPECT_EQ(rig.actions.settled[0].slot_time, seconds(100));
}

TEST(Admission, RequestThatNeverReachedTheUpstreamCostsNothing) {
  Rig rig({.capacity = 1});
  rig.step(Rig::request(1, 1));
  rig.pass(seconds(5));
  rig.step(Tick{});
  rig.step(Finish{.ticket = rig.tickets[1], .reached_upstream = false});
  EXPECT_EQ(rig.actions.settled[0].cost.value, 0);
}

TEST(Admission, RequestWithoutModelCostsItsSlotTimeAndItsTokensWhereTheyAreTold) {
  Rig rig({.capacity = 1});
  Arrive request{.waiter = 1, .tenant = id_of<TenantId>(1), .key = id_of<KeyId>(1)};
  rig.step(request);
  EXPECT_EQ(rig.actions.granted[0].reserved_cost.value, 60'000);
  rig.pass(seconds(2));
  rig.step(Finish{.ticket = rig.tickets[1], .usage = TokenUsage{}});
  EXPECT_EQ(rig.actions.settled[0].cost.value, 120'000);
  request.waiter = 2;
  rig.step(request);
  rig.pass(seconds(2));
  rig.step(Finish{.ticket = rig.tickets[2], .usage = TokenUsage{.prompt = {100}, .output = {100}}});
  EXPECT_EQ(rig.actions.settled[0].cost.value, 500'000);
}

TEST(Admission, TheCapIsEachAnswersAndSoIsWhatIsLearned) {
  Rig rig({.capacity = 1});
  Arrive request = Rig::request(1, 1);
  request.answers = 8;
  rig.step(request);
  EXPECT_EQ(rig.actions.granted[0].fair_estimate, 800);
  EXPECT_EQ(rig.actions.granted[0].reserved_cost.value, (100 + 4 * 800) * 1000);
  rig.finish(1, 8 * 30);
  request.waiter = 2;
  rig.step(request);
  EXPECT_EQ(rig.actions.granted[0].fair_estimate, 8 * 30);
  rig.step(Progress{.ticket = rig.tickets[2], .output_tokens = 600});
  EXPECT_EQ(rig.engine.snapshot(rig.now).tenants.at(0).reserved_cost.value, 8 * 100 * 4'000 - 600 * 4'000);
  rig.finish(2, 8 * 30);
  rig.step(Rig::request(3, 1));
  EXPECT_EQ(rig.actions.granted[0].fair_estimate, 30);
}

TEST(Admission, StaleTicketIsNeverTakenForAnotherRequest) {
  Rig rig({.capacity = 1});
  rig.step(Rig::request(1, 1));
  const Ticket stale = rig.tickets[1];
  rig.finish(1);
  rig.step(Rig::request(2, 1));
  EXPECT_EQ(rig.tickets[2].slot, stale.slot);
  rig.step(Finish{.ticket = stale});
  EXPECT_TRUE(rig.actions.settled.empty());
  EXPECT_EQ(rig.engine.in_flight(), 1U);
}

TEST(Admission, WaitingClientThatLeavesIsForgotten) {
  Rig rig({.capacity = 1});
  for (std::uint64_t waiter : {1U, 2U, 3U})
    rig.step(Rig::request(waiter, 1));
  rig.withdraw(2);
  EXPECT_EQ(rig.engine.queued(), 1U);
  rig.finish(1);
  EXPECT_THAT(rig.turns, ElementsAre(1, 3));
}

TEST(Admission, ClientThatLeavesAfterItsGrantFreesTheSlotAtNoCharge) {
  Rig rig({.capacity = 1});
  for (std::uint64_t waiter : {1U, 2U})
    rig.step(Rig::request(waiter, 1));
  rig.withdraw(1);
  EXPECT_EQ(rig.actions.settled.at(0).cost.value, 0);
  EXPECT_THAT(rig.turns, ElementsAre(1, 2));
}

TEST(Admission, FullModelHoldsUpNoRequestForAnother) {
  Rig rig({.capacity = 4});
  rig.step(SetModel{.model = id_of<ModelId>(1), .settings = {.max_in_flight = 1}});
  rig.step(Rig::request(1, 1, 1, 1));
  rig.step(Rig::request(2, 1, 1, 1));
  rig.step(Rig::request(3, 1, 1, 2));
  EXPECT_THAT(rig.turns, ElementsAre(1, 3));
  rig.finish(1);
  EXPECT_THAT(rig.turns, ElementsAre(1, 3, 2));
}

TEST(Admission, TenantAtItsCapHoldsUpNobody) {
  Rig rig({.capacity = 4});
  auto capped = Rig::request(1, 1);
  capped.tenant_settings.max_in_flight = 1;
  rig.step(capped);
  capped.waiter = 2;
  rig.step(capped);
  rig.step(Rig::request(3, 2));
  EXPECT_THAT(rig.turns, ElementsAre(1, 3));
  rig.finish(1);
  EXPECT_THAT(rig.turns, ElementsAre(1, 3, 2));
}

TEST(Admission, OneAtATimeTriesAnIneligibleModelUntilItComesBack) {
  Rig rig({.capacity = 4});
  rig.step(SetModel{.model = id_of<ModelId>(1), .settings = {}});
  rig.step(SetEligible{.model = id_of<ModelId>(1), .eligible = false});
  for (std::uint64_t waiter : {1U, 2U, 3U, 4U})
    rig.step(Rig::request(waiter, 1));
  EXPECT_EQ(rig.actions.queued.at(0).cause, WaitCause::model_down);
  rig.step(Rig::request(5, 1, 1, 2));
  EXPECT_THAT(rig.turns, ElementsAre(1, 5));
  rig.finish(1);
  EXPECT_THAT(rig.turns, ElementsAre(1, 5, 2));
  rig.step(SetModel{.model = id_of<ModelId>(1), .settings = {}});
  EXPECT_EQ(rig.engine.queued(), 2U) << "its settings say nothing of its endpoints";
  rig.step(SetEligible{.model = id_of<ModelId>(1), .eligible = true});
  EXPECT_THAT(rig.turns, ElementsAre(1, 5, 2, 3, 4));
}

TEST(Admission, MoreCapacityServesWhoWaitsAndLessKillsNobody) {
  Rig rig({.capacity = 1});
  for (std::uint64_t waiter : {1U, 2U, 3U})
    rig.step(Rig::request(waiter, 1));
  rig.step(SetCapacity{.slots = 3});
  EXPECT_EQ(rig.engine.in_flight(), 3U);
  rig.step(SetCapacity{.slots = 1});
  EXPECT_EQ(rig.engine.in_flight(), 3U);
  rig.step(Rig::request(4, 1));
  rig.finish(1);
  rig.finish(2);
  EXPECT_EQ(rig.engine.queued(), 1U);
  rig.finish(3);
  EXPECT_EQ(rig.turns.back(), 4U);
}

TEST(Admission, SuspendedTenantsWaitingRequestsAreRefused) {
  Rig rig({.capacity = 1});
  for (std::uint64_t waiter : {1U, 2U, 3U})
    rig.step(Rig::request(waiter, waiter == 3 ? 2 : 1));
  rig.step(SetTenant{.tenant = id_of<TenantId>(1), .group = id_of<GroupId>(1), .settings = {}, .admits = false});
  ASSERT_EQ(rig.actions.refused.size(), 1U);
  EXPECT_EQ(rig.actions.refused[0].waiter, 2U);
  EXPECT_EQ(rig.actions.refused[0].reason, RefusalReason::not_admitted);
  EXPECT_EQ(rig.engine.queued(), 1U);
}

TEST(Admission, WhoWaitsLongerThanTheTimeoutIsRefused) {
  Rig rig({.capacity = 1});
  for (std::uint64_t waiter : {1U, 2U})
    rig.step(Rig::request(waiter, 1));
  rig.pass(milliseconds(59'999));
  rig.step(Tick{});
  EXPECT_TRUE(rig.actions.refused.empty());
  EXPECT_LE(rig.engine.next_wakeup(), rig.now + milliseconds(1));
  rig.pass(milliseconds(1));
  rig.step(Tick{});
  ASSERT_EQ(rig.actions.refused.size(), 1U);
  EXPECT_EQ(rig.actions.refused[0].reason, RefusalReason::timed_out);
  EXPECT_EQ(rig.engine.next_wakeup(), Instant::distant_future());
}

TEST(Admission, FullTenantQueueRefusesThatTenantOnly) {
  Rig rig({.capacity = 1, .tenant_queue_max = 2});
  for (std::uint64_t waiter : {1U, 2U, 3U})
    rig.step(Rig::request(waiter, 1));
  rig.step(Rig::request(4, 1));
  ASSERT_EQ(rig.actions.refused.size(), 1U);
  EXPECT_EQ(rig.actions.refused[0].reason, RefusalReason::tenant_queue_full);
  rig.step(Rig::request(5, 2));
  EXPECT_EQ(rig.actions.queued.size(), 1U);
}

TEST(Admission, AnotherTimeoutIsForThoseWhoWaitTooShorterOrLonger) {
  SetWaitLimits limits{.tenant_queue_max = 256, .pool_queue_max = 256, .admission_timeout = milliseconds(90'000)};
  Rig rig({.capacity = 1});
  for (std::uint64_t waiter : {1U, 2U})
    rig.step(Rig::request(waiter, 1));
  Arrive hurried = Rig::request(3, 1);
  hurried.deadline = rig.now + milliseconds(70'000);  // its own, when the timeout is longer
  rig.step(hurried);
  rig.step(limits);
  rig.pass(milliseconds(69'999));
  rig.step(Tick{});
  EXPECT_TRUE(rig.actions.refused.empty());
  rig.step(Rig::request(4, 1));
  for (const std::uint64_t waiter : {3U, 2U}) {
    rig.pass(waiter == 3 ? milliseconds(1) : milliseconds(20'000));
    rig.step(Tick{});
    ASSERT_EQ(rig.actions.refused.size(), 1U);
    EXPECT_EQ(rig.actions.refused[0].waiter, waiter);
  }
  limits.admission_timeout = milliseconds(20'000);
  rig.step(limits);
  ASSERT_EQ(rig.actions.refused.size(), 1U);
  EXPECT_EQ(rig.actions.refused[0].waiter, 4U);
  EXPECT_EQ(rig.engine.next_wakeup(), Instant::distant_future());
}

TEST(Admission, SmallerQueuesKeepWhoWaitsAndRefuseWhoComes) {
  Rig rig({.capacity = 1});
  for (std::uint64_t waiter : {1U, 2U, 3U})
    rig.step(Rig::request(waiter, 1));
  rig.step(SetWaitLimits{.tenant_queue_max = 1, .pool_queue_max = 2, .admission_timeout = milliseconds(60'000)});
  EXPECT_TRUE(rig.actions.refused.empty());
  EXPECT_EQ(rig.engine.queued(), 2U);
  rig.step(Rig::request(4, 1));
  ASSERT_EQ(rig.actions.refused.size(), 1U);
  EXPECT_EQ(rig.actions.refused[0].reason, RefusalReason::tenant_queue_full);
  rig.step(Rig::request(5, 2));
  EXPECT_EQ(rig.actions.queued.size(), 1U);
  EXPECT_EQ(rig.engine.queued(), 2U);
}

TEST(Admission, FullPoolTakesRoomFromTheHeaviestQueue) {
  Rig rig({.capacity = 1, .pool_queue_max = 3});
  for (std::uint64_t waiter : {1U, 2U, 3U, 4U})
    rig.step(Rig::request(waiter, 1));
  rig.step(Rig::request(5, 2));
  ASSERT_EQ(rig.actions.refused.size(), 1U);
  EXPECT_EQ(rig.actions.refused[0].waiter, 4U);
  EXPECT_EQ(rig.actions.refused[0].reason, RefusalReason::pool_queue_full);
  ASSERT_EQ(rig.actions.queued.size(), 1U);
  rig.step(Rig::request(6, 1));
  ASSERT_EQ(rig.actions.refused.size(), 1U);
  EXPECT_EQ(rig.actions.refused[0].waiter, 6U);
}

TEST(Admission, GpuTimeSharesAddUpToTheBusyTime) {
  Rig rig({.capacity = 3});
  Duration shared{0};
  for (std::uint64_t waiter : {1U, 2U, 3U}) {
    rig.step(Rig::request(waiter, waiter));
    rig.pass(Duration(1'000'003));
  }
  for (std::uint64_t waiter : {2U, 1U, 3U}) {
    shared += rig.finish(waiter).settled.at(0).gpu_time;
    rig.pass(Duration(777'777));
  }
  EXPECT_EQ(shared, Duration(3 * 1'000'003 + 2 * 777'777));
  EXPECT_EQ(rig.engine.snapshot(rig.now).models.at(0).busy_gpu_time, shared);
}

}  // namespace
}  // namespace obleth::fairshare
