#include "gateway/replica_share.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <random>

#include "gateway/peer_text.hpp"
#include "ports/lease_rules.hpp"

namespace obleth::gateway {
namespace {

using fairshare::Actions;
using fairshare::Admission;
using std::chrono::milliseconds;
using std::chrono::seconds;

template <class Id>
Id id_of(std::uint64_t number) {
  return Id{Bits128{.high = ~number * 0xD6E8FEB86659FD93ULL, .low = number}};
}

// A tenant's requests at one replica: so many are always asked for, as long as it is on.
struct Crowd {
  std::size_t replica = 0;
  std::uint64_t tenant = 1;
  std::uint32_t weight = 100;
  std::uint64_t group = 1;
  std::size_t requests = 20;
  std::int64_t output = 100;  // tokens, ± half
  int hold_ms = 200;          // ± half
  bool on = true;
};

// Replicas with an engine each, and one store: everything in simulated time, 5 ms a step.
class World {
 public:
  World(std::size_t replicas, std::uint32_t capacity, std::uint32_t seed) : capacity_(capacity), random_(seed) {
    for (std::size_t i = 0; i < replicas; ++i)
      add_replica();
  }

  std::size_t add_replica() {
    auto made = std::make_unique<Replica>();
    made->engine = std::make_unique<Admission>(fairshare::AdmissionLimits{.capacity = capacity_, .shares_pool = true});
    made->share = std::make_unique<ReplicaShare>(
        ReplicaShare::Identity{"replica-" + std::to_string(replicas_.size()), "", expected});
    made->next_turn = now_ + milliseconds(1 + random_() % 250);
    step(*made, made->share->first_lease(capacity_, now_));
    replicas_.push_back(std::move(made));
    return replicas_.size() - 1;
  }
  // It ends without a word, and its requests with it.
  void kill(std::size_t replica) { replicas_[replica]->alive = false; }
  void leave(std::size_t replica) {
    store_.exchange(replicas_[replica]->share->farewell(replicas_[replica]->engine->tell_pool()), store_ms());
    kill(replica);
  }
  // Stands still, with all that it has under way, and then goes on as if nothing had been.
  void freeze(std::size_t replica, Duration span) { replicas_[replica]->frozen_until = now_ + span; }

  void run(Duration span) {
    for (const Instant end = now_ + span; now_ < end; now_ = now_ + milliseconds(5)) {
      std::uint32_t in_flight = 0;
      for (std::size_t at = 0; at < replicas_.size(); ++at) {
        Replica& replica = *replicas_[at];
        if (!replica.alive) continue;
        if (now_ >= replica.frozen_until) live(at, replica);
        in_flight += replica.engine->in_flight();
      }
      most_in_flight = std::max(most_in_flight, in_flight);
      slot_steps += in_flight;
      ++steps;
    }
  }
  void begin_measuring() {
    work.clear();
    most_in_flight = 0;
    slot_steps = steps = 0;
  }
  [[nodiscard]] double share(std::uint64_t tenant) const {
    std::int64_t all = 0;
    for (const auto& [whose, cost] : work)
      all += cost;
    return static_cast<double>(work.at(tenant)) / static_cast<double>(all);
  }
  [[nodiscard]] double used() const { return static_cast<double>(slot_steps) / static_cast<double>(steps * capacity_); }
  [[nodiscard]] const ReplicaShare& replica(std::size_t at) const { return *replicas_[at]->share; }
  [[nodiscard]] std::uint32_t in_flight(std::size_t at) const { return replicas_[at]->engine->in_flight(); }
  [[nodiscard]] Instant now() const { return now_; }
  void flush_store() { store_.flush(); }

  std::vector<Crowd> crowds;
  std::map<std::uint64_t, std::int64_t> work;         // settled, by tenant
  std::map<std::uint64_t, std::int64_t> told;         // by tenant, as every other replica heard it
  std::map<std::uint64_t, std::uint64_t> refused_of;  // requests, by tenant
  std::map<std::uint64_t, Duration> longest_wait;     // by tenant
  std::uint32_t most_in_flight = 0;
  std::uint64_t slot_steps = 0;
  std::uint64_t steps = 0;
  unsigned lost_percent = 0;  // of reports, and of answers
  bool store_is_down = false;
  static constexpr std::uint32_t expected = 2;

 private:
  struct Running {
    Instant ends;
    fairshare::Ticket ticket;
    std::size_t crowd = 0;
    std::int64_t output = 0;
  };
  struct Replica {
    std::unique_ptr<Admission> engine;
    std::unique_ptr<ReplicaShare> share;
    std::vector<Running> running;
    std::map<std::size_t, std::size_t> asked;  // by crowd
    Instant next_turn;
    Instant frozen_until;
    bool alive = true;
  };

  [[nodiscard]] std::int64_t store_ms() const { return now_.since_start() / milliseconds(1) + 1; }

  void step(Replica& replica, const fairshare::Event& event) {
    Actions actions;
    replica.engine->step(event, now_, actions);
    for (const fairshare::Granted& granted : actions.granted) {
      const auto crowd = static_cast<std::size_t>(granted.waiter);
      const Crowd& whose = crowds[crowd];
      longest_wait[whose.tenant] = std::max(longest_wait[whose.tenant], granted.wait);
      const auto spread = [&](auto mean) { return mean / 2 + static_cast<decltype(mean)>(random_()) % mean; };
      replica.running.push_back(
          {now_ + milliseconds(spread(whose.hold_ms)), granted.ticket, crowd, spread(static_cast<int>(whose.output))});
    }
    for (const fairshare::Refused& refused : actions.refused) {
      const auto crowd = static_cast<std::size_t>(refused.waiter);
      --replica.asked[crowd];
      ++refused_of[crowds[crowd].tenant];
    }
    for (const fairshare::Settled& settled : actions.settled)
      settled_cost_ = settled.cost.value;
  }

  void live(std::size_t at, Replica& replica) {
    for (std::size_t i = 0; i < replica.running.size();) {
      if (replica.running[i].ends > now_) {
        ++i;
        continue;
      }
      const Running over = replica.running[i];
      replica.running.erase(replica.running.begin() + static_cast<std::ptrdiff_t>(i));
      step(replica,
           fairshare::Finish{.ticket = over.ticket, .usage = TokenUsage{.prompt = {50}, .output = {over.output}}});
      work[crowds[over.crowd].tenant] += settled_cost_;
      --replica.asked[over.crowd];
    }
    for (std::size_t crowd = 0; crowd < crowds.size(); ++crowd)
      ask(at, replica, crowd);
    if (now_ >= replica.next_turn) take_turn(replica);
    step(replica, fairshare::Tick{});
  }
  void ask(std::size_t at, Replica& replica, std::size_t crowd) {
    const Crowd& whose = crowds[crowd];
    if (whose.replica != at || !whose.on) return;
    for (std::size_t missing = whose.requests - replica.asked[crowd]; missing > 0; --missing) {
      ++replica.asked[crowd];
      step(replica, fairshare::Arrive{.waiter = crowd,
                                      .group = id_of<GroupId>(whose.group),
                                      .tenant = id_of<TenantId>(whose.tenant),
                                      .key = id_of<KeyId>(whose.tenant),
                                      .model = id_of<ModelId>(1),
                                      .tenant_settings = {.weight = whose.weight},
                                      .prompt_tokens = 50,
                                      .requested_cap = whose.output,
                                      .brownout_exempt = true});
    }
  }
  [[nodiscard]] bool lost() { return store_is_down || random_() % 100 < lost_percent; }

  void take_turn(Replica& replica) {
    ReplicaShare& share = *replica.share;
    step(replica, share.plan(replica.engine->tell_pool(), now_));
    ports::PeerReport report = share.report(replica.engine->in_flight());
    replica.next_turn = now_ + (share.is_unsettled() ? milliseconds(50) : milliseconds(250));
    if (lost()) return;
    ports::PeerNews news = store_.exchange(report, store_ms());
    if (random_() % 8 == 0) news = store_.exchange(report, store_ms());  // sent twice
    if (lost()) return;
    ReplicaShare::Heard heard = share.hear(std::move(news), now_);
    for (const fairshare::TenantCost& done : heard.foreign.costs)
      told[done.tenant.bits.low] += done.cost;
    step(replica, heard.foreign);
    step(replica, heard.lease);
  }

  std::uint32_t capacity_;
  std::mt19937 random_;
  Instant now_{std::chrono::hours(1)};
  ports::LeaseRules store_;
  std::vector<std::unique_ptr<Replica>> replicas_;
  std::int64_t settled_cost_ = 0;
};

TEST(ReplicaShare, TenantsOfDifferentReplicasShareByWeight) {
  World world(2, 16, 1);
  world.crowds = {{.replica = 0, .tenant = 1, .weight = 300}, {.replica = 1, .tenant = 2, .weight = 100}};
  world.run(seconds(15));
  world.begin_measuring();
  world.run(seconds(60));
  EXPECT_NEAR(world.share(1), 0.75, 0.75 * 0.05);
  EXPECT_LE(world.most_in_flight, 16U);
  EXPECT_GT(world.used(), 0.97);
}

TEST(ReplicaShare, SharesAreOfWorkWhateverASlotWorks) {
  World world(2, 16, 2);
  world.crowds = {{.replica = 0, .tenant = 1, .output = 400, .hold_ms = 200},
                  {.replica = 1, .tenant = 2, .output = 100, .hold_ms = 200}};
  world.run(seconds(40));
  world.begin_measuring();
  world.run(seconds(60));
  EXPECT_NEAR(world.share(1), 0.5, 0.5 * 0.05);
  EXPECT_LE(world.most_in_flight, 16U);
}

TEST(ReplicaShare, TenantOfSeveralReplicasHasOneShare) {
  World world(3, 24, 3);
  world.crowds = {{.replica = 0, .tenant = 1},
                  {.replica = 1, .tenant = 1},
                  {.replica = 2, .tenant = 1},
                  {.replica = 0, .tenant = 2},
                  {.replica = 1, .tenant = 3, .weight = 200}};
  world.run(seconds(15));
  world.begin_measuring();
  world.run(seconds(60));
  EXPECT_NEAR(world.share(1), 0.25, 0.25 * 0.05);
  EXPECT_NEAR(world.share(2), 0.25, 0.25 * 0.05);
  EXPECT_NEAR(world.share(3), 0.5, 0.5 * 0.05);
  EXPECT_LE(world.most_in_flight, 24U);
}

// What is told of it at once, by several and of a slow moment, is no debt to be forgiven.
TEST(ReplicaShare, TenantOfAllReplicasGainsNothingBesideThoseOfOne) {
  World world(3, 16, 12);
  world.crowds = {{.replica = 0, .tenant = 1, .weight = 100, .output = 32, .hold_ms = 70},
                  {.replica = 1, .tenant = 2, .weight = 300, .output = 32, .hold_ms = 70}};
  for (const std::size_t at : {0U, 1U, 2U})
    world.crowds.push_back({.replica = at, .tenant = 3, .weight = 200, .requests = 8, .output = 32, .hold_ms = 70});
  world.run(seconds(5));
  world.begin_measuring();
  world.run(seconds(20));
  EXPECT_NEAR(world.share(1), 1.0 / 6, 0.05 / 6);
  EXPECT_NEAR(world.share(2), 3.0 / 6, 0.05 * 3 / 6);
  EXPECT_NEAR(world.share(3), 2.0 / 6, 0.05 * 2 / 6);
  EXPECT_GT(world.used(), 0.97);
}

// A replica that never saw a tenant knows its group, which has one share all the same.
TEST(ReplicaShare, GroupOfTenantsAtDifferentReplicasHasOneShare) {
  World world(2, 16, 15);
  world.crowds = {{.replica = 0, .tenant = 1, .group = 1},
                  {.replica = 0, .tenant = 2, .group = 2},
                  {.replica = 1, .tenant = 3, .group = 2}};
  world.run(seconds(15));
  world.begin_measuring();
  world.run(seconds(60));
  EXPECT_NEAR(world.share(1), 0.5, 0.5 * 0.05);
  EXPECT_NEAR(world.share(2), 0.25, 0.25 * 0.05);
  EXPECT_NEAR(world.share(3), 0.25, 0.25 * 0.05);
  EXPECT_GT(world.used(), 0.97);
}

TEST(ReplicaShare, GroupOfManyTenantsElsewhereHasOneShare) {
  World world(2, 16, 16);
  world.crowds = {{.replica = 0, .tenant = 1, .group = 1}, {.replica = 0, .tenant = 2, .group = 2}};
  for (std::uint64_t tenant = 3; tenant < 12; ++tenant)
    world.crowds.push_back({.replica = 1, .tenant = tenant, .group = 2, .requests = 4});
  world.run(seconds(30));
  world.begin_measuring();
  world.run(seconds(60));
  EXPECT_NEAR(world.share(1), 0.5, 0.5 * 0.05);
  EXPECT_NEAR(world.share(2), 0.05, 0.05 * 0.15);
}

TEST(ReplicaShare, LoneReplicaThatIsAskedHasAllSlots) {
  World world(3, 12, 4);
  world.crowds = {{.replica = 1, .tenant = 1}};
  world.run(seconds(5));
  world.begin_measuring();
  world.run(seconds(20));
  EXPECT_EQ(world.most_in_flight, 12U);
  EXPECT_GT(world.used(), 0.98);
}

TEST(ReplicaShare, FewerSlotsThanReplicasGoRound) {
  World world(3, 2, 5);
  world.crowds = {{.replica = 0, .tenant = 1}, {.replica = 1, .tenant = 2}, {.replica = 2, .tenant = 3}};
  world.run(seconds(20));
  world.begin_measuring();
  world.run(seconds(120));
  for (const std::uint64_t tenant : {1U, 2U, 3U})
    EXPECT_NEAR(world.share(tenant), 1.0 / 3, 0.05);
  EXPECT_LE(world.most_in_flight, 2U);
}

// Half of the admission timeout, and what is ahead of it. Small has been at work before: a slow moment of its replica
// is no reason to refuse it.
TEST(ReplicaShare, TenantOfTheSmallestWeightIsServedThoughItsReplicaHasNoSlotByWeight) {
  World world(2, 4, 13);
  world.crowds = {{.replica = 0, .tenant = 1, .weight = 500, .hold_ms = 500, .on = false},
                  {.replica = 1, .tenant = 2, .weight = 5, .requests = 2, .hold_ms = 500}};
  world.run(seconds(10));
  world.crowds[0].on = true;
  world.run(seconds(300));
  EXPECT_EQ(world.refused_of[2], 0U);
  EXPECT_LT(world.longest_wait[2], seconds(40));
  EXPECT_LE(world.most_in_flight, 4U);
}

// However many wait for too long, 15 turns of 16 are by weight.
TEST(ReplicaShare, AgeGuardOfAReplicaWithoutSlotsIsBounded) {
  World world(2, 4, 14);
  world.crowds = {{.replica = 0, .tenant = 1, .weight = 1'000'000}, {.replica = 1, .tenant = 2, .weight = 1}};
  world.run(seconds(60));
  world.begin_measuring();
  world.run(seconds(120));
  EXPECT_GT(world.share(2), 0.02);
  EXPECT_LT(world.share(2), 1.0 / 16 + 0.01);
  EXPECT_GT(world.used(), 0.9);
}

TEST(ReplicaShare, LostReportsAndAnswersNeitherOverfillThePoolNorLoseWork) {
  World world(3, 16, 6);
  world.crowds = {{.replica = 0, .tenant = 1}, {.replica = 1, .tenant = 2}, {.replica = 2, .tenant = 3, .weight = 200}};
  world.lost_percent = 20;
  world.run(seconds(60));
  EXPECT_LE(world.most_in_flight, 16U);
  EXPECT_NEAR(world.share(3), 0.5, 0.05);
  for (Crowd& crowd : world.crowds)
    crowd.on = false;
  world.lost_percent = 0;
  world.run(seconds(5));
  for (const std::uint64_t tenant : {1U, 2U, 3U})
    EXPECT_EQ(world.told.at(tenant), 2 * world.work.at(tenant));  // both others heard all of it, once
}

TEST(ReplicaShare, KilledReplicasSlotsComeBackButForItsPartWhichIsKeptForAMinute) {
  World world(3, 12, 7);
  world.crowds = {{.replica = 0, .tenant = 1}, {.replica = 1, .tenant = 2}, {.replica = 2, .tenant = 3}};
  world.run(seconds(10));
  world.kill(2);
  world.run(seconds(5));
  world.begin_measuring();
  world.run(seconds(40));
  EXPECT_EQ(world.most_in_flight, 8U);
  EXPECT_GT(world.used(), 0.64);
  world.run(seconds(25));
  world.begin_measuring();
  world.run(seconds(5));
  EXPECT_EQ(world.most_in_flight, 12U);
  EXPECT_GT(world.used(), 0.97);
}

TEST(ReplicaShare, LeavingFreesAllSlotsAtOnceAndComingTakesItsPart) {
  World world(2, 12, 8);
  world.crowds = {{.replica = 0, .tenant = 1}, {.replica = 1, .tenant = 2}};
  world.run(seconds(10));
  world.leave(1);
  world.run(seconds(2));
  world.begin_measuring();
  world.run(seconds(5));
  EXPECT_GT(world.used(), 0.97);
  const std::size_t newcomer = world.add_replica();
  world.crowds.push_back({.replica = newcomer, .tenant = 3});
  world.run(seconds(3));
  EXPECT_NEAR(world.in_flight(newcomer), 6, 1);
  EXPECT_LE(world.most_in_flight, 12U);
}

TEST(ReplicaShare, WithoutAStoreEachGoesOnWithItsPart) {
  World world(3, 12, 9);
  world.crowds = {{.replica = 0, .tenant = 1}, {.replica = 1, .tenant = 2, .weight = 1000}};
  world.run(seconds(10));
  world.store_is_down = true;
  world.run(seconds(4));
  world.begin_measuring();
  world.run(seconds(10));
  EXPECT_EQ(world.in_flight(0), 4U);
  EXPECT_EQ(world.in_flight(1), 4U);
  EXPECT_TRUE(world.replica(0).status(world.now()).degraded);
  world.store_is_down = false;
  world.run(seconds(3));
  EXPECT_FALSE(world.replica(0).status(world.now()).degraded);
  EXPECT_LE(world.most_in_flight, 12U);
  EXPECT_GT(world.in_flight(1), 8U);
}

// Each gave its part by its own order; what that came to is no reason to let anybody go without for long.
TEST(ReplicaShare, SharesAreByWeightSoonAfterTheStoreIsBackAndNobodyGoesWithout) {
  for (const std::uint32_t seed : {17U, 18U, 19U}) {
    World world(2, 8, seed);
    world.crowds = {{.replica = 0, .tenant = 1, .weight = 600, .requests = 16, .hold_ms = 500},
                    {.replica = 0, .tenant = 2, .requests = 8, .hold_ms = 500},
                    {.replica = 1, .tenant = 2, .requests = 8, .hold_ms = 500},
                    {.replica = 1, .tenant = 3, .requests = 16, .hold_ms = 500}};
    world.run(seconds(15));
    world.store_is_down = true;
    world.run(seconds(12));
    world.store_is_down = false;
    world.run(seconds(2));
    world.begin_measuring();
    world.run(seconds(3));
    ASSERT_EQ(world.work.size(), 3U);
    EXPECT_NEAR(world.share(1), 0.75, 0.1);
    EXPECT_GT(world.share(2), 0.06);
    EXPECT_GT(world.share(3), 0.06);
    world.begin_measuring();
    world.run(seconds(20));
    EXPECT_NEAR(world.share(1), 0.75, 0.05);
    EXPECT_NEAR(world.share(2), 0.125, 0.03);
    EXPECT_NEAR(world.share(3), 0.125, 0.03);
  }
}

TEST(ReplicaShare, AStoreThatForgotEverythingHandsOutNothingTwice) {
  World world(3, 12, 10);
  world.crowds = {{.replica = 0, .tenant = 1}, {.replica = 1, .tenant = 2}, {.replica = 2, .tenant = 3}};
  for (int times = 0; times < 5; ++times) {
    world.run(seconds(7));
    world.flush_store();
  }
  world.run(seconds(7));
  EXPECT_LE(world.most_in_flight, 12U);
  world.begin_measuring();
  world.run(seconds(5));
  EXPECT_GT(world.used(), 0.97);
}

// What a replica that stood still has under way is more than its part for a while; nothing else is.
TEST(ReplicaShare, ReplicaThatStoodStillTakesNothingByAnOldLease) {
  World world(2, 12, 11);
  world.crowds = {{.replica = 0, .tenant = 1}, {.replica = 1, .tenant = 2}};
  world.run(seconds(10));
  world.freeze(0, seconds(20));
  world.run(seconds(20));
  EXPECT_LE(world.most_in_flight, 12U);  // its part is kept free for it, and it held no more
  world.run(seconds(10));
  EXPECT_LE(world.most_in_flight, 12U);
  EXPECT_NEAR(world.in_flight(0), 6, 1);
}

TEST(PeerText, SaysWhatWasMeantAndLeavesOutWhatMakesNoSense) {
  const std::vector<fairshare::TenantDemand> demands = {{.tenant = id_of<TenantId>(1),
                                                         .group = id_of<GroupId>(2),
                                                         .weight = 7,
                                                         .group_weight = 9,
                                                         .slots = 11,
                                                         .waits = true,
                                                         .overdue = true}};
  EXPECT_EQ(read_demands(demands_text(demands)), demands);
  EXPECT_EQ(read_demands("nonsense\n\n" + demands_text(demands) + "1 2 3").size(), 1U);
  const ToldWork work{.costs = {{id_of<TenantId>(1), -5, id_of<GroupId>(3)}, {id_of<TenantId>(2), 1LL << 60}},
                      .span = milliseconds(250)};
  // As an older replica says it, at the end.
  const ToldWork told = read_work(work_text(work) + "?\n" + id_of<TenantId>(3).hex() + " 7");
  EXPECT_EQ(told.span, work.span);
  EXPECT_EQ(read_work(id_of<TenantId>(3).hex() + " 7").span, milliseconds(0));
  const std::vector<fairshare::TenantCost>& read = told.costs;
  ASSERT_EQ(read.size(), 3U);
  EXPECT_EQ(read[0].group, id_of<GroupId>(3));
  EXPECT_EQ(read[2].cost, 7);
  EXPECT_EQ(read[0].cost, -5);
  EXPECT_EQ(read[1].cost, 1LL << 60);
}

}  // namespace
}  // namespace obleth::gateway
