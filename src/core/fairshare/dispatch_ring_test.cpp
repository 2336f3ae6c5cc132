#include "core/fairshare/dispatch_ring.hpp"

#include <gtest/gtest.h>

#include "core/fairshare/admission_rig.hpp"

namespace obleth::fairshare {
namespace {

// A request that waited, and came when so many had been dispatched.
Dispatch dispatched(std::uint64_t number, std::uint64_t tenant, std::uint64_t before) {
  return {.mark = {.request = id_of<EventId>(number)},
          .tenant = id_of<TenantId>(tenant),
          .dispatched_before = before,
          .cost = {100},
          .weight = static_cast<std::uint32_t>(tenant),
          .cause = WaitCause::pool_full};
}

RecentDispatches all_of(const DispatchRing& ring) {
  RecentDispatches recent;
  for (std::uint64_t number = ring.oldest(); number < ring.next(); ++number)
    recent.dispatches.push_back(ring.at(number));
  recent.first = ring.oldest();
  return recent;
}

Sought by_id(std::uint64_t number) {
  return {.request = id_of<EventId>(number)};
}

TEST(Explain, TellsWhoWasServedWhileARequestWaited) {
  DispatchRing ring;
  ring.keep(dispatched(1, 5, 0), {0, 1});  // before it came
  ring.keep(dispatched(2, 5, 0), {1, 1});
  ring.keep(dispatched(3, 6, 0), {2, 1});
  ring.keep(dispatched(4, 6, 0), {3, 1});
  ring.keep(dispatched(5, 7, 0), {4, 1});
  ring.keep(dispatched(6, 7, 1), {5, 1});  // this one
  ring.keep(dispatched(7, 5, 0), {6, 1});  // after it went
  const auto told = explain(all_of(ring), by_id(6));
  ASSERT_TRUE(told);
  EXPECT_EQ(told->all.requests, 4U);
  EXPECT_EQ(told->all.cost.value, 400);
  EXPECT_EQ(told->own.requests, 1U);
  ASSERT_EQ(told->top.size(), 2U);
  EXPECT_EQ(told->top[0].tenant, id_of<TenantId>(6));
  EXPECT_EQ(told->top[0].requests, 2U);
  EXPECT_EQ(told->top[0].weight, 6U);
  EXPECT_TRUE(told->reaches_arrival);
}

TEST(Explain, ThreeOthersAtMostByWhatTheyCost) {
  DispatchRing ring;
  for (std::uint64_t tenant = 1; tenant <= 5; ++tenant) {
    Dispatch dispatch = dispatched(tenant, tenant, 0);
    dispatch.cost.value = static_cast<std::int64_t>(tenant) * 10;
    ring.keep(dispatch, {static_cast<std::uint32_t>(tenant), 1});
  }
  ring.keep(dispatched(9, 9, 0), {9, 1});
  const auto told = explain(all_of(ring), by_id(9));
  ASSERT_TRUE(told);
  ASSERT_EQ(told->top.size(), 3U);
  EXPECT_EQ(told->top[0].cost.value, 50);
  EXPECT_EQ(told->top[2].cost.value, 30);
}

TEST(Explain, WhoDidNotWaitSawNobodyServed) {
  DispatchRing ring;
  ring.keep(dispatched(1, 1, 0), {0, 1});
  Dispatch at_once = dispatched(2, 2, 0);
  at_once.cause = WaitCause::none;
  ring.keep(at_once, {1, 1});
  const auto told = explain(all_of(ring), by_id(2));
  ASSERT_TRUE(told);
  EXPECT_EQ(told->all.requests, 0U);
}

TEST(Explain, CountsTheTrueCostOnceItIsKnown) {
  DispatchRing ring;
  ring.keep(dispatched(1, 1, 0), {0, 1});
  ring.keep(dispatched(2, 2, 0), {1, 1});
  ring.settle({0, 1}, {7});
  ring.settle({1, 2}, {99'999});  // another request that has had this slot
  const auto told = explain(all_of(ring), by_id(2));
  ASSERT_TRUE(told);
  EXPECT_EQ(told->all.cost.value, 7);
  EXPECT_FALSE(told->dispatch.is_over);
  EXPECT_TRUE(explain(all_of(ring), by_id(1))->dispatch.is_over);
}

TEST(Explain, FindsTheNewestByTheClientsOwnId) {
  DispatchRing ring;
  Dispatch dispatch = dispatched(1, 1, 0);
  dispatch.mark.client_mark = client_mark_of("order-7");
  ring.keep(dispatch, {0, 1});
  dispatch.mark.request = id_of<EventId>(2);
  ring.keep(dispatch, {1, 1});
  const auto told = explain(all_of(ring), {.client_mark = client_mark_of("order-7")});
  ASSERT_TRUE(told);
  EXPECT_EQ(told->dispatch.mark.request, id_of<EventId>(2));
  EXPECT_FALSE(explain(all_of(ring), {.client_mark = client_mark_of("order-8")}));
  EXPECT_FALSE(explain(all_of(ring), {.client_mark = client_mark_of("")})) << "an id that nobody gave finds nobody";
}

TEST(DispatchRing, ForgetsTheOldestAndSaysSo) {
  DispatchRing ring(4);
  for (std::uint64_t number = 1; number <= 6; ++number)
    ring.keep(dispatched(number, 1, 0), {static_cast<std::uint32_t>(number), 1});
  ring.settle({1, 1}, {5});  // of one that is gone
  EXPECT_EQ(all_of(ring).dispatches.size(), 4U);
  EXPECT_FALSE(explain(all_of(ring), by_id(2)));
  const auto told = explain(all_of(ring), by_id(6));
  ASSERT_TRUE(told);
  EXPECT_EQ(told->all.cost.value, 300);
  EXPECT_FALSE(told->reaches_arrival);
}

}  // namespace
}  // namespace obleth::fairshare
