#include "core/fairshare/admission.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "core/fairshare/admission_fixture.hpp"

namespace obleth::fairshare {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;

TEST(Admission, RequestIsAdmittedAtOnceWhileASlotIsFree) {
  Bench bench({.capacity = 1});
  bench.step(Bench::request(1, 1));
  ASSERT_EQ(bench.actions.granted.size(), 1U);
  EXPECT_FALSE(bench.actions.granted[0].waited);
  EXPECT_EQ(bench.actions.granted[0].fair_estimate, 100);
  EXPECT_TRUE(bench.actions.queued.empty());
  bench.step(Bench::request(2, 1));
  ASSERT_EQ(bench.actions.queued.size(), 1U);
  EXPECT_EQ(bench.engine.in_flight(), 1U);
  EXPECT_EQ(bench.engine.queued(), 1U);
}

TEST(Admission, TenantFurthestBehindGoesNext) {
  Bench bench({.capacity = 1});
  for (std::uint64_t waiter : {1U, 2U, 3U})
    bench.step(Bench::request(waiter, 1));
  bench.step(Bench::request(4, 2));
  bench.finish(1);
  bench.finish(4);
  EXPECT_THAT(bench.turns, ElementsAre(1, 4, 2));
}

TEST(Admission, TurnsFollowWeights) {
  Bench bench({.capacity = 1});
  auto heavy = Bench::request(0, 1);
  heavy.tenant_settings.weight = 300;
  for (std::uint64_t i = 1; i <= 40; ++i) {
    heavy.waiter = i;
    bench.step(heavy);
    bench.step(Bench::request(100 + i, 2));
  }
  for (std::size_t done = 0; done < 40; ++done)
    bench.finish(bench.turns[done]);
  const auto of_heavy = std::ranges::count_if(bench.turns, [](std::uint64_t waiter) { return waiter <= 40; });
  EXPECT_NEAR(static_cast<double>(of_heavy), 41 * 0.75, 2);
}

TEST(Admission, FinishSettlesWhatWasReallyUsed) {
  Bench bench({.capacity = 1});
  bench.step(Bench::request(1, 1));
  bench.finish(1, 50);
  ASSERT_EQ(bench.actions.settled.size(), 1U);
  EXPECT_EQ(bench.actions.settled[0].cost.value, (100 + 4 * 50) * 1000);
}

TEST(Admission, CachedPromptTokensCostATenth) {
  Bench bench({.capacity = 1});
  bench.step(Bench::request(1, 1));
  bench.step(Finish{.ticket = bench.tickets[1], .usage = TokenUsage{.prompt = {100}, .cached = {60}, .output = {1}}});
  EXPECT_EQ(bench.actions.settled[0].cost.value, 40'000 + 6'000 + 4'000);
}

TEST(Admission, AdmissionWeightMultipliesCost) {
  Bench bench({.capacity = 1});
  ModelSettings settings;
  settings.costs.admission_weight_thousandths = 4000;
  bench.step(SetModel{.model = id_of<ModelId>(1), .settings = settings});
  bench.step(Bench::request(1, 1));
  bench.finish(1, 50);
  EXPECT_EQ(bench.actions.settled[0].cost.value, 4 * (100 + 4 * 50) * 1000);
}

TEST(Admission, SlowReaderPaysForTheSlotItHolds) {
  Bench bench({.capacity = 1});
  bench.step(Bench::request(1, 1));
  bench.pass(seconds(100));
  bench.finish(1, 50);
  EXPECT_EQ(bench.actions.settled[0].cost.value, 60'000 * 100);
  EXPECT_EQ(bench.actions.settled[0].slot_time, seconds(100));
}

TEST(Admission, RequestThatNeverReachedTheUpstreamCostsNothing) {
  Bench bench({.capacity = 1});
  bench.step(Bench::request(1, 1));
  bench.pass(seconds(5));
  bench.step(Tick{});
  bench.step(Finish{.ticket = bench.tickets[1], .reached_upstream = false});
  EXPECT_EQ(bench.actions.settled[0].cost.value, 0);
}

TEST(Admission, RequestWithoutModelCostsItsSlotTime) {
  Bench bench({.capacity = 1});
  auto request = Bench::request(1, 1);
  request.model = {};
  bench.step(request);
  bench.pass(seconds(2));
  bench.step(Finish{.ticket = bench.tickets[1], .usage = TokenUsage{.prompt = {100}, .output = {100}}});
  EXPECT_EQ(bench.actions.settled[0].cost.value, 120'000);
}

TEST(Admission, StaleTicketIsNeverTakenForAnotherRequest) {
  Bench bench({.capacity = 1});
  bench.step(Bench::request(1, 1));
  const Ticket stale = bench.tickets[1];
  bench.finish(1);
  bench.step(Bench::request(2, 1));
  EXPECT_EQ(bench.tickets[2].slot, stale.slot);
  bench.step(Finish{.ticket = stale});
  EXPECT_TRUE(bench.actions.settled.empty());
  EXPECT_EQ(bench.engine.in_flight(), 1U);
}

TEST(Admission, WaitingClientThatLeavesIsForgotten) {
  Bench bench({.capacity = 1});
  for (std::uint64_t waiter : {1U, 2U, 3U})
    bench.step(Bench::request(waiter, 1));
  bench.withdraw(2);
  EXPECT_EQ(bench.engine.queued(), 1U);
  bench.finish(1);
  EXPECT_THAT(bench.turns, ElementsAre(1, 3));
}

TEST(Admission, ClientThatLeavesAfterItsGrantFreesTheSlotAtNoCharge) {
  Bench bench({.capacity = 1});
  for (std::uint64_t waiter : {1U, 2U})
    bench.step(Bench::request(waiter, 1));
  bench.withdraw(1);
  EXPECT_EQ(bench.actions.settled.at(0).cost.value, 0);
  EXPECT_THAT(bench.turns, ElementsAre(1, 2));
}

TEST(Admission, FullModelHoldsUpNoRequestForAnother) {
  Bench bench({.capacity = 4});
  bench.step(SetModel{.model = id_of<ModelId>(1), .settings = {.max_in_flight = 1}});
  bench.step(Bench::request(1, 1, 1, 1));
  bench.step(Bench::request(2, 1, 1, 1));
  bench.step(Bench::request(3, 1, 1, 2));
  EXPECT_THAT(bench.turns, ElementsAre(1, 3));
  bench.finish(1);
  EXPECT_THAT(bench.turns, ElementsAre(1, 3, 2));
}

TEST(Admission, TenantAtItsCapHoldsUpNobody) {
  Bench bench({.capacity = 4});
  auto capped = Bench::request(1, 1);
  capped.tenant_settings.max_in_flight = 1;
  bench.step(capped);
  capped.waiter = 2;
  bench.step(capped);
  bench.step(Bench::request(3, 2));
  EXPECT_THAT(bench.turns, ElementsAre(1, 3));
  bench.finish(1);
  EXPECT_THAT(bench.turns, ElementsAre(1, 3, 2));
}

TEST(Admission, IneligibleModelWaitsUntilItComesBack) {
  Bench bench({.capacity = 4});
  bench.step(SetModel{.model = id_of<ModelId>(1), .settings = {.eligible = false}});
  bench.step(Bench::request(1, 1));
  EXPECT_EQ(bench.engine.queued(), 1U);
  bench.step(SetModel{.model = id_of<ModelId>(1), .settings = {}});
  EXPECT_THAT(bench.turns, ElementsAre(1));
}

TEST(Admission, MoreCapacityServesWhoWaitsAndLessKillsNobody) {
  Bench bench({.capacity = 1});
  for (std::uint64_t waiter : {1U, 2U, 3U})
    bench.step(Bench::request(waiter, 1));
  bench.step(SetCapacity{.slots = 3});
  EXPECT_EQ(bench.engine.in_flight(), 3U);
  bench.step(SetCapacity{.slots = 1});
  EXPECT_EQ(bench.engine.in_flight(), 3U);
  bench.step(Bench::request(4, 1));
  bench.finish(1);
  bench.finish(2);
  EXPECT_EQ(bench.engine.queued(), 1U);
  bench.finish(3);
  EXPECT_EQ(bench.turns.back(), 4U);
}

TEST(Admission, SuspendedTenantsWaitingRequestsAreRefused) {
  Bench bench({.capacity = 1});
  for (std::uint64_t waiter : {1U, 2U, 3U})
    bench.step(Bench::request(waiter, waiter == 3 ? 2 : 1));
  bench.step(SetTenant{.tenant = id_of<TenantId>(1), .group = id_of<GroupId>(1), .settings = {}, .admits = false});
  ASSERT_EQ(bench.actions.refused.size(), 1U);
  EXPECT_EQ(bench.actions.refused[0].waiter, 2U);
  EXPECT_EQ(bench.actions.refused[0].reason, RefusalReason::not_admitted);
  EXPECT_EQ(bench.engine.queued(), 1U);
}

TEST(Admission, WhoWaitsLongerThanTheTimeoutIsRefused) {
  Bench bench({.capacity = 1});
  for (std::uint64_t waiter : {1U, 2U})
    bench.step(Bench::request(waiter, 1));
  bench.pass(milliseconds(59'999));
  bench.step(Tick{});
  EXPECT_TRUE(bench.actions.refused.empty());
  EXPECT_LE(bench.engine.next_wakeup(), bench.now + milliseconds(1));
  bench.pass(milliseconds(1));
  bench.step(Tick{});
  ASSERT_EQ(bench.actions.refused.size(), 1U);
  EXPECT_EQ(bench.actions.refused[0].reason, RefusalReason::timed_out);
  EXPECT_EQ(bench.engine.next_wakeup(), Instant::distant_future());
}

TEST(Admission, FullTenantQueueRefusesThatTenantOnly) {
  Bench bench({.capacity = 1, .tenant_queue_max = 2});
  for (std::uint64_t waiter : {1U, 2U, 3U})
    bench.step(Bench::request(waiter, 1));
  bench.step(Bench::request(4, 1));
  ASSERT_EQ(bench.actions.refused.size(), 1U);
  EXPECT_EQ(bench.actions.refused[0].reason, RefusalReason::tenant_queue_full);
  bench.step(Bench::request(5, 2));
  EXPECT_EQ(bench.actions.queued.size(), 1U);
}

TEST(Admission, FullPoolTakesRoomFromTheHeaviestQueue) {
  Bench bench({.capacity = 1, .pool_queue_max = 3});
  for (std::uint64_t waiter : {1U, 2U, 3U, 4U})
    bench.step(Bench::request(waiter, 1));
  bench.step(Bench::request(5, 2));
  ASSERT_EQ(bench.actions.refused.size(), 1U);
  EXPECT_EQ(bench.actions.refused[0].waiter, 4U);
  EXPECT_EQ(bench.actions.refused[0].reason, RefusalReason::pool_queue_full);
  ASSERT_EQ(bench.actions.queued.size(), 1U);
  bench.step(Bench::request(6, 1));
  ASSERT_EQ(bench.actions.refused.size(), 1U);
  EXPECT_EQ(bench.actions.refused[0].waiter, 6U);
}

TEST(Admission, GpuTimeSharesAddUpToTheBusyTime) {
  Bench bench({.capacity = 3});
  Duration shared{0};
  for (std::uint64_t waiter : {1U, 2U, 3U}) {
    bench.step(Bench::request(waiter, waiter));
    bench.pass(Duration(1'000'003));
  }
  for (std::uint64_t waiter : {2U, 1U, 3U}) {
    shared += bench.finish(waiter).settled.at(0).gpu_time;
    bench.pass(Duration(777'777));
  }
  EXPECT_EQ(shared, Duration(3 * 1'000'003 + 2 * 777'777));
  EXPECT_EQ(bench.engine.snapshot(bench.now).models.at(0).busy_gpu_time, shared);
}

}  // namespace
}  // namespace obleth::fairshare
