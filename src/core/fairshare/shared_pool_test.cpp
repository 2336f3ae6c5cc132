// What the engine does with its part of a pool that several processes share.
#include <gtest/gtest.h>

#include <utility>

#include "core/fairshare/admission_rig.hpp"
#include "core/fairshare/lease_plan.hpp"

namespace obleth::fairshare {
namespace {

using std::chrono::seconds;

AdmissionLimits shared(std::uint32_t capacity) {
  return {.capacity = capacity, .shares_pool = true};
}

TEST(SharedPool, LeaseBoundsWhatRunsAndEndsByItself) {
  Rig rig(shared(8));
  rig.step(SetLease{.slots = 2, .until = rig.now + seconds(3), .slots_after = 4});
  for (std::uint64_t waiter = 1; waiter <= 6; ++waiter)
    rig.step(Rig::request(waiter, 1));
  EXPECT_EQ(rig.engine.in_flight(), 2U);
  EXPECT_LE(rig.engine.next_wakeup(), rig.now + seconds(3));
  rig.pass(seconds(3));
  rig.step(Tick{});
  EXPECT_EQ(rig.engine.in_flight(), 4U);
  rig.step(SetLease{.slots = 1});  // kills nobody
  EXPECT_EQ(rig.engine.in_flight(), 4U);
  rig.finish(1);
  EXPECT_EQ(rig.engine.in_flight(), 3U);
  rig.step(SetLease{});
  EXPECT_EQ(rig.engine.in_flight(), 5U);
}

TEST(SharedPool, WhoComesAsALeaseEndsFindsThoseWhoWaitedBeforeIt) {
  Rig rig(shared(8));
  rig.step(SetLease{.slots = 2, .until = rig.now + seconds(3), .slots_after = 4});
  for (std::uint64_t waiter = 1; waiter <= 6; ++waiter)
    rig.step(Rig::request(waiter, 1));
  rig.pass(seconds(3));
  const Actions actions = rig.step(Rig::request(7, 1));
  ASSERT_EQ(actions.granted.size(), 2U);
  EXPECT_EQ(actions.granted.back().waiter, 4U);
  ASSERT_EQ(actions.queued.size(), 1U);
  EXPECT_EQ(actions.queued.front().waiter, 7U);
  EXPECT_EQ(rig.engine.in_flight(), 4U);
}

TEST(SharedPool, WhatOthersDidForATenantCountsForWhoseTurnItIs) {
  Rig rig(shared(1));
  rig.step(Rig::request(1, 3));
  for (std::uint64_t waiter = 2; waiter <= 3; ++waiter)
    rig.step(Rig::request(waiter, waiter - 1));
  rig.step(CountForeign{{{id_of<TenantId>(1), 100'000}, {id_of<TenantId>(77), 5}}});
  rig.finish(1);
  EXPECT_EQ(rig.turns.back(), 3U);
  EXPECT_EQ(rig.engine.broken_invariant(), "");
}

TEST(SharedPool, WhatOthersDidForATenantThatIsNotKnownHereCountsForItsGroup) {
  Rig rig(shared(1));
  rig.step(Rig::request(1, 3, 3));
  rig.step(Rig::request(2, 1, 1));
  rig.step(Rig::request(3, 2, 2));
  rig.step(CountForeign{{{id_of<TenantId>(77), 100'000, id_of<GroupId>(1)}}});
  rig.finish(1);
  EXPECT_EQ(rig.turns.back(), 3U);
  EXPECT_EQ(rig.engine.broken_invariant(), "");
}

TEST(SharedPool, TellsWorkOnceAndDemandAsItIs) {
  Rig rig(shared(1));
  rig.step(SetModel{.model = id_of<ModelId>(2), .settings = {.max_in_flight = 0}});
  rig.step(Rig::request(1, 1));
  rig.step(Rig::request(2, 1));
  rig.step(Rig::request(3, 2, 1, 2));  // for a model that nothing can be sent to
  const PoolView before = rig.engine.tell_pool();
  EXPECT_EQ(before.capacity, 1U);
  ASSERT_EQ(before.demands.size(), 1U);
  EXPECT_EQ(before.demands.front().tenant, id_of<TenantId>(1));
  EXPECT_EQ(before.demands.front().slots, 2U);
  EXPECT_TRUE(before.demands.front().waits);
  const std::int64_t cost = rig.finish(1).settled.front().cost.value;
  const PoolView after = rig.engine.tell_pool();
  ASSERT_EQ(after.work.size(), 1U);
  EXPECT_EQ(after.work.front().cost, cost);
  EXPECT_EQ(after.work.front().group, id_of<GroupId>(1));
  EXPECT_TRUE(rig.engine.tell_pool().work.empty());
}

// Once it has gone the rest of the pool has fifteen turns before another is asked for.
TEST(SharedPool, AsksForASlotOutOfTurnOnlyForWhomTheAgeGuardWouldCall) {
  Rig rig(shared(4));
  const auto asks = [&] {
    const PoolView view = rig.engine.tell_pool();
    return !view.demands.empty() && view.demands.front().overdue;
  };
  rig.step(Rig::request(1, 1));
  const std::int64_t cost = rig.finish(1).settled.front().cost.value;
  rig.step(SetLease{.slots = 0});
  for (std::uint64_t waiter = 2; waiter <= 3; ++waiter)
    rig.step(Rig::request(waiter, 1));
  EXPECT_FALSE(asks());
  rig.pass(seconds(31));
  rig.step(Tick{});
  EXPECT_TRUE(asks());
  rig.step(SetLease{.slots = 1});
  EXPECT_EQ(rig.turns.back(), 2U);
  EXPECT_FALSE(asks());
  rig.step(CountForeign{{{id_of<TenantId>(2), 14 * cost}}});
  EXPECT_FALSE(asks());
  rig.step(CountForeign{{{id_of<TenantId>(2), cost}}});
  EXPECT_TRUE(asks());
}

TenantDemand demand(std::uint64_t tenant, std::uint32_t slots, std::uint32_t weight = 100, std::uint64_t group = 1) {
  return {.tenant = id_of<TenantId>(tenant),
          .group = id_of<GroupId>(group),
          .weight = weight,
          .group_weight = 100,
          .slots = slots,
          .waits = true};
}

TEST(LeasePlan, SharesOutTheWholeCapacityByGroupThenTenantAndDemand) {
  using Plan = std::vector<std::uint32_t>;
  const auto plan = [](std::uint32_t capacity, const std::vector<std::vector<TenantDemand>>& replicas) {
    return LeasePlan().make(capacity, replicas, Instant(seconds(1)));
  };
  EXPECT_EQ(plan(8, {{}, {}}), (Plan{4, 4}));                                 // nobody asks
  EXPECT_EQ(plan(8, {{demand(1, 20, 300)}, {demand(2, 20)}}), (Plan{6, 2}));  // by weight
  EXPECT_EQ(plan(8, {{demand(1, 20)}, {demand(2, 1)}}), (Plan{7, 1}));        // no more than is asked for
  EXPECT_EQ(plan(8, {{demand(1, 20)}, {}}), (Plan{8, 0}));                    // all for one
  EXPECT_EQ(plan(8, {{demand(1, 10)}, {demand(1, 30)}}), (Plan{2, 6}));       // where its requests are
  EXPECT_EQ(plan(8, {{demand(1, 9, 100, 1), demand(2, 9, 100, 1)}, {demand(3, 9, 1, 2)}}), (Plan{4, 4}));
  EXPECT_EQ(plan(9, {{demand(1, 2)}, {}, {}}), (Plan{5, 2, 2}));  // what is left is spread
  EXPECT_TRUE(plan(8, {}).empty());
}

TEST(LeasePlan, WhoIsOverdueHasASlotWhereItsReplicaWouldHaveNone) {
  using Plan = std::vector<std::uint32_t>;
  TenantDemand small = demand(2, 2, 1);
  const auto plan = [&](std::uint32_t capacity) {
    const std::vector<std::vector<TenantDemand>> replicas = {{demand(1, 90, 1000)}, {small}, {small}};
    return LeasePlan().make(capacity, replicas, Instant(seconds(1)));
  };
  EXPECT_EQ(plan(4), (Plan{4, 0, 0}));
  small.overdue = true;
  EXPECT_EQ(plan(4), (Plan{3, 1, 0}));
  EXPECT_EQ(plan(32), (Plan{30, 1, 1}));  // one slot in sixteen
  EXPECT_EQ(plan(1), (Plan{0, 1, 0}));
  EXPECT_EQ(plan(0), (Plan{0, 0, 0}));
}

TEST(LeasePlan, WhatIsOwedIsRememberedWhileNothingWaitsForAMoment) {
  LeasePlan plan;
  std::vector<std::vector<TenantDemand>> replicas = {{demand(1, 50)}, {demand(2, 50)}};
  Instant now{seconds(1)};
  const auto run = [&](int turns) {
    for (; turns > 0; --turns) {
      now = now + std::chrono::milliseconds(250);
      plan.count(std::vector<TenantCost>{{id_of<TenantId>(1), 1000}});
      static_cast<void>(plan.make(16, replicas, now));
    }
    return plan.make(16, replicas, now)[1];
  };
  const std::uint32_t before = run(8);
  EXPECT_GT(before, 8U);
  const auto asked = std::exchange(replicas[1], {});
  static_cast<void>(run(8));
  replicas[1] = asked;
  const std::uint32_t remembered = run(0);
  EXPECT_NEAR(remembered, before, 1);
  replicas[1] = {};
  static_cast<void>(run(24));
  replicas[1] = asked;
  EXPECT_LT(run(0), remembered);
}

TEST(LeasePlan, WhoGotLessWorkThanItsWeightGetsMoreSlots) {
  LeasePlan plan;
  const std::vector<std::vector<TenantDemand>> replicas = {{demand(1, 50)}, {demand(2, 50)}};
  std::vector<std::uint32_t> slots;
  for (int turn = 1; turn <= 40; ++turn) {
    slots = plan.make(16, replicas, Instant(turn * seconds(1)));
    plan.count(std::vector<TenantCost>{{id_of<TenantId>(1), 4000 * std::int64_t{slots[0]}},
                                       {id_of<TenantId>(2), 1000 * std::int64_t{slots[1]}}});
  }
  EXPECT_NEAR(4.0 * slots[0], slots[1], 5);
  EXPECT_EQ(slots[0] + slots[1], 16U);
}

}  // namespace
}  // namespace obleth::fairshare
