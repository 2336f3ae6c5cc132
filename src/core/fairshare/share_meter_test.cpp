#include "core/fairshare/share_meter.hpp"

#include <gtest/gtest.h>

#include "core/fairshare/admission_rig.hpp"
#include "core/fairshare/share_history.hpp"

namespace obleth::fairshare {
namespace {

NodeShare tenant(std::uint64_t number, std::uint64_t group, std::uint32_t weight) {
  return {.tenant = id_of<TenantId>(number), .group = id_of<GroupId>(group), .weight = weight, .in_flight = 1};
}

// Two groups of weight 300 and 100; the first has tenants of 100 and 200.
Snapshot some_shares() {
  Snapshot shares;
  shares.groups = {{.group = id_of<GroupId>(1), .weight = 300}, {.group = id_of<GroupId>(2), .weight = 100}};
  shares.tenants = {tenant(1, 1, 100), tenant(2, 1, 200), tenant(3, 2, 7)};
  return shares;
}

TEST(ShareMeter, EntitlesByGroupAndThenByTenant) {
  ShareMeter meter;
  Snapshot shares = some_shares();
  meter.observe(shares);
  meter.fill_in(shares);
  EXPECT_EQ(shares.tenants[0].entitled_ppm, 250'000);
  EXPECT_EQ(shares.tenants[1].entitled_ppm, 500'000);
  EXPECT_EQ(shares.tenants[2].entitled_ppm, 250'000);
  EXPECT_EQ(shares.groups[0].entitled_ppm, 750'000);
}

TEST(ShareMeter, WhoAsksForNothingIsEntitledToNothing) {
  ShareMeter meter;
  Snapshot shares = some_shares();
  shares.tenants[2].in_flight = 0;
  meter.observe(shares);
  meter.fill_in(shares);
  EXPECT_EQ(shares.tenants[0].entitled_ppm, 333'333);
  EXPECT_EQ(shares.tenants[2].entitled_ppm, 0);
}

// Between two pieces of a snapshot a group and its tenant may come.
TEST(ShareMeter, ATenantWhoseGroupTheSnapshotMissedIsEntitledToNothingYet) {
  ShareMeter meter;
  Snapshot shares = some_shares();
  shares.tenants.push_back(tenant(4, 9, 100));
  meter.observe(shares);
  meter.fill_in(shares);
  EXPECT_EQ(shares.tenants[1].entitled_ppm, 500'000);
  EXPECT_EQ(shares.tenants[3].entitled_ppm, 0);
}

TEST(ShareMeter, TimeInWhichNobodyAskedTakesNothingFromTheMean) {
  ShareMeter meter;
  meter.observe(Snapshot{});
  meter.observe(Snapshot{});
  Snapshot shares = some_shares();
  meter.observe(shares);
  meter.fill_in(shares);
  EXPECT_EQ(shares.tenants[1].entitled_ppm, 500'000);
}

TEST(ShareMeter, ReceivedIsWhatWasChargedInTheWindowAlsoToRunningRequests) {
  ShareMeter meter;
  Snapshot shares = some_shares();
  shares.tenants[0].settled_cost.value = 1'000'000;  // long ago
  meter.observe(shares);
  shares.tenants[0].settled_cost.value += 100;
  shares.tenants[1].running_cost.value = 300;
  meter.observe(shares);
  meter.fill_in(shares);
  EXPECT_EQ(shares.tenants[0].received_ppm, 250'000);
  EXPECT_EQ(shares.tenants[1].received_ppm, 750'000);
  EXPECT_EQ(shares.groups[0].received_ppm, 1'000'000);
  // What it had been charged while it ran is not received twice when it is over.
  shares.tenants[1].running_cost.value = 0;
  shares.tenants[1].settled_cost.value = 300;
  meter.observe(shares);
  meter.fill_in(shares);
  EXPECT_EQ(shares.tenants[1].received_ppm, 750'000);
}

TEST(ShareMeter, ForgetsWhatIsOlderThanItsWindow) {
  ShareMeter meter;
  Snapshot shares = some_shares();
  meter.observe(shares);
  shares.tenants[0].settled_cost.value = 500;
  meter.observe(shares);
  for (std::size_t sample = 0; sample < ShareMeter::window_samples; ++sample) {
    shares.tenants[1].settled_cost.value += 10;
    meter.observe(shares);
  }
  meter.fill_in(shares);
  EXPECT_EQ(shares.tenants[0].received_ppm, 0);
  EXPECT_EQ(shares.tenants[1].received_ppm, 1'000'000);
}

TEST(ShareMeter, ATenantThatWasForgottenAndCameAgainBeginsAnew) {
  ShareMeter meter;
  Snapshot shares = some_shares();
  shares.tenants[0].settled_cost.value = 1'000'000;
  meter.observe(shares);
  shares.tenants[0].settled_cost.value = 100;
  shares.tenants[1].settled_cost.value = 100;
  meter.observe(shares);
  meter.fill_in(shares);
  EXPECT_EQ(shares.tenants[0].received_ppm, 500'000);
}

TEST(Snapshot, TellsOfMoreTenantsThanFitInOnePart) {
  Rig rig({.capacity = 4000, .tenant_queue_max = 4000});
  for (std::uint64_t number = 1; number <= 3000; ++number)
    rig.step(Rig::request(number, number));
  rig.step(Progress{.ticket = rig.tickets.at(7), .output_tokens = 5});
  const Snapshot shares = rig.engine.snapshot(rig.now);
  EXPECT_EQ(shares.tenants.size(), 3000U);
  EXPECT_EQ(shares.tenants_known, 3000U);
  EXPECT_EQ(shares.groups.size(), 1U);
  std::int64_t running_cost = 0;
  for (const NodeShare& tenant : shares.tenants)
    running_cost += tenant.running_cost.value;
  EXPECT_EQ(running_cost, 100'000 + 5 * 4000) << "the prompt and what was generated so far";
}

TEST(ShareHistory, GivesTheLatestFirstWithinItsBounds) {
  ShareHistory history;
  const auto moments = static_cast<std::int64_t>(ShareHistory::moments_max) + 10;
  for (std::int64_t moment = 1; moment <= moments; ++moment)
    history.keep(WallTime{moment}, some_shares());
  const auto all = history.within({.limit = 10'000});
  ASSERT_EQ(all.size(), ShareHistory::moments_max) << "the oldest made room";
  EXPECT_EQ(all.front()->at, WallTime{moments});
  const auto some = history.within({.since = WallTime{100}, .until = WallTime{200}, .limit = 3});
  ASSERT_EQ(some.size(), 3U);
  EXPECT_EQ(some.front()->at, WallTime{199});
  EXPECT_EQ(history.within({.since = WallTime{198}, .until = WallTime{200}, .limit = 50}).size(), 2U);
}

TEST(ShareHistory, KeepsTheBusiestTenantsOfAMoment) {
  ShareHistory history;
  Snapshot shares;
  for (std::uint64_t number = 1; number <= 500; ++number) {
    shares.tenants.push_back(tenant(number, 1, 1));
    shares.tenants.back().queued = static_cast<std::uint32_t>(number);
  }
  history.keep(WallTime{1}, std::move(shares));
  const auto kept = history.within({.limit = 1}).front();
  ASSERT_EQ(kept->shares.tenants.size(), ShareHistory::tenants_max);
  for (const NodeShare& share : kept->shares.tenants)
    EXPECT_GT(share.queued, 500 - ShareHistory::tenants_max);
}

}  // namespace
}  // namespace obleth::fairshare
