#include "gateway/share_sync.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "mock/fake_loop.hpp"
#include "ports/lease_rules.hpp"

namespace obleth::gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// The store by its rules, on the test's clock; away when the test says so.
class RuledPeers final : public ports::Peers {
 public:
  RuledPeers(ports::LeaseRules& rules, const ports::Loop& loop) : rules_(rules), loop_(loop) {}
  Task<Result<ports::PeerNews>> exchange(ports::PeerReport report) override {
    ++exchanges;
    last = report;
    if (is_away) co_return fail(store_fault(FaultKind::unavailable, "away"));
    co_return rules_.exchange(report, whole_ms(loop_.now().since_start()));
  }
  int exchanges = 0;
  bool is_away = false;
  ports::PeerReport last;

 private:
  ports::LeaseRules& rules_;
  const ports::Loop& loop_;
};

struct Replica {
  Replica(mock::FakeLoop& on, ports::LeaseRules& rules, std::string name)
      : loop(on),
        peers(rules, on),
        desk({.capacity = 12, .shares_pool = true}),
        sync({on, peers, desk, [this] { return knows_capacity; }}, {.replica = std::move(name), .expected = 2},
             [this](const ReplicaShare::Status& now) { told = now; }) {}
  ~Replica() {
    leave();
    end(turns.size());
  }
  void leave() {
    if (std::exchange(has_left, true)) return;
    spawn(sync.leave());
    loop.advance(milliseconds(100));
  }
  // So many requests more, which stay until they are ended.
  void ask(int count) {
    for (; count > 0; --count) {
      turns.push_back(std::make_shared<Asking>());
      spawn(wait(turns.back()));
    }
  }
  void end(std::size_t count) {
    for (; count > 0; --count) {
      const std::shared_ptr<Asking> last = std::move(turns.back());
      turns.pop_back();
      last->is_over = true;
      if (last->granted) desk.finish({.ticket = *last->granted}, loop.now());
      last->departure.fire();
      loop.run_posted();
    }
  }
  [[nodiscard]] std::uint32_t in_flight() const { return desk.in_flight(); }

  struct Asking {
    CancelSignal departure;
    std::optional<fairshare::Ticket> granted;
    bool is_over = false;
  };
  Task<void> wait(std::shared_ptr<Asking> asking) {
    fairshare::Arrive arrive{.group = GroupId{{1, 1}}, .tenant = TenantId{{1, 2}}, .key = KeyId{{1, 3}}};
    const TurnOutcome outcome = co_await desk.await_turn(arrive, {}, loop, asking->departure);
    if (!outcome.granted) co_return;
    asking->granted = outcome.granted->ticket;
    if (asking->is_over) desk.finish({.ticket = *asking->granted}, loop.now());
  }

  mock::FakeLoop& loop;
  RuledPeers peers;
  AdmissionDesk desk;
  std::optional<ReplicaShare::Status> told;
  bool knows_capacity = true;
  ShareSync sync;
  std::vector<std::shared_ptr<Asking>> turns;
  bool has_left = false;
};

class ShareSyncTest : public ::testing::Test {
 protected:
  mock::FakeLoop loop_;
  ports::LeaseRules rules_;
};

TEST_F(ShareSyncTest, NobodyGetsASlotBeforeTheOthersWereAsked) {
  Replica replica(loop_, rules_, "one");
  replica.peers.is_away = true;
  replica.sync.start();
  replica.ask(9);
  EXPECT_EQ(replica.in_flight(), 0U);
  EXPECT_TRUE(replica.sync.status().starting);
  loop_.advance(seconds(2));
  replica.ask(1);
  EXPECT_EQ(replica.in_flight(), 6U) << "half of the capacity: two replicas are expected";
  EXPECT_TRUE(replica.told->degraded);
}

TEST_F(ShareSyncTest, LoneReplicaHasTheWholeCapacityWithItsFirstTurn) {
  Replica replica(loop_, rules_, "one");
  replica.sync.start();
  replica.ask(20);
  EXPECT_EQ(replica.in_flight(), 12U);
}

// One whose record is away: its capacity would be the default, and larger than that of the others.
TEST_F(ShareSyncTest, WhoDoesNotKnowTheCapacityTakesNoSlotUntilItDoes) {
  Replica one(loop_, rules_, "one");
  Replica blind(loop_, rules_, "blind");
  blind.knows_capacity = false;
  blind.desk.configure(fairshare::SetCapacity{.slots = 256}, loop_.now());
  one.sync.start();
  blind.sync.start();
  one.ask(20);
  blind.ask(20);
  loop_.advance(seconds(5));
  EXPECT_EQ(one.in_flight(), 12U);
  EXPECT_EQ(blind.in_flight(), 0U);
  EXPECT_EQ(blind.peers.exchanges, 0);
  EXPECT_TRUE(blind.told->starting);
  blind.desk.configure(fairshare::SetCapacity{.slots = 12}, loop_.now());
  blind.knows_capacity = true;
  loop_.advance(milliseconds(100));
  EXPECT_EQ(blind.in_flight(), 0U);
  one.end(12);
  loop_.advance(seconds(1));
  EXPECT_GT(blind.in_flight(), 0U);
  EXPECT_LE(one.in_flight() + blind.in_flight(), 12U);
}

TEST_F(ShareSyncTest, WhoNeverKnewTheCapacityLeavesWithoutAWord) {
  Replica blind(loop_, rules_, "blind");
  blind.knows_capacity = false;
  blind.sync.start();
  loop_.advance(seconds(1));
  blind.leave();
  EXPECT_EQ(blind.peers.exchanges, 0);
}

TEST_F(ShareSyncTest, SlotsGoWhereRequestsWait) {
  Replica one(loop_, rules_, "one");
  Replica two(loop_, rules_, "two");
  one.sync.start();
  two.sync.start();
  loop_.advance(seconds(1));
  two.ask(10);
  loop_.advance(milliseconds(400));
  EXPECT_EQ(two.in_flight(), 10U);
  one.ask(10);
  EXPECT_LE(one.in_flight(), 2U) << "what runs is not killed";
  two.end(6);
  loop_.advance(seconds(1));
  EXPECT_EQ(one.in_flight(), 8U);
}

TEST_F(ShareSyncTest, TurnsAreFewWhileAllIsWell) {
  Replica replica(loop_, rules_, "one");
  replica.sync.start();
  loop_.advance(seconds(1));
  replica.peers.exchanges = 0;
  loop_.advance(seconds(10));
  EXPECT_NEAR(replica.peers.exchanges, 40, 2);
}

TEST_F(ShareSyncTest, AnotherCapacityIsToldAtOnce) {
  Replica replica(loop_, rules_, "one");
  replica.sync.start();
  loop_.advance(milliseconds(10));
  replica.ask(20);
  replica.desk.configure(fairshare::SetCapacity{16}, loop_.now());
  loop_.advance(milliseconds(60));
  EXPECT_EQ(replica.in_flight(), 16U);
}

TEST_F(ShareSyncTest, WithoutAnAnswerTheLeaseEndsAndComesBackByItself) {
  Replica one(loop_, rules_, "one");
  Replica two(loop_, rules_, "two");
  one.sync.start();
  two.sync.start();
  one.ask(20);
  loop_.advance(seconds(1));
  EXPECT_EQ(one.told->lease, 12U);
  one.peers.is_away = two.peers.is_away = true;
  loop_.advance(milliseconds(2500));
  EXPECT_FALSE(one.told->degraded);
  loop_.advance(seconds(1));
  EXPECT_TRUE(one.told->degraded);
  EXPECT_EQ(one.told->lease, 6U);
  one.peers.is_away = two.peers.is_away = false;
  loop_.advance(seconds(1));
  EXPECT_FALSE(one.told->degraded);
  EXPECT_EQ(one.told->lease, 12U);
}

TEST_F(ShareSyncTest, WhoLeavesTakesNothingMoreAndFreesItsPart) {
  Replica one(loop_, rules_, "one");
  Replica two(loop_, rules_, "two");
  one.sync.start();
  two.sync.start();
  loop_.advance(seconds(1));
  one.leave();
  EXPECT_TRUE(one.peers.last.leaves);
  one.ask(1);
  EXPECT_EQ(one.in_flight(), 0U);
  two.ask(20);
  loop_.advance(milliseconds(300));
  EXPECT_EQ(two.in_flight(), 12U);
  EXPECT_EQ(two.told->replicas, 2U) << "as many as are expected";
}

}  // namespace
}  // namespace obleth::gateway
