#include "ports/lease_rules.hpp"

#include <gtest/gtest.h>

namespace obleth::ports {
namespace {

// A replica that tells the store of itself, and remembers what it must of the answers.
struct Speaker {
  std::string replica;
  std::string place;
  PeerReport next = {.capacity = 12};

  PeerNews tell(LeaseRules& store, std::int64_t now_ms) {
    next.replica = replica;
    next.place = place;
    ++next.sequence;
    PeerNews news = store.exchange(next, now_ms);
    next.epoch = news.epoch;
    next.heard_at_ms = news.told_at_ms;
    next.held = news.lease;
    next.heard = news.heard;
    return news;
  }
  PeerNews tell(LeaseRules& store, std::int64_t now_ms, std::uint32_t wanted) {
    next.wanted = next.useful = wanted;
    return tell(store, now_ms);
  }
};

TEST(LeaseRules, WhoTakesFewerSaysSoBeforeAnybodyTakesMore) {
  LeaseRules store;
  Speaker one{"one", ""};
  Speaker two{"two", ""};
  EXPECT_EQ(one.tell(store, 1000, 12).lease, 12U);
  EXPECT_EQ(two.tell(store, 1010, 6).lease, 0U);
  EXPECT_EQ(one.tell(store, 1250, 6).lease, 6U) << "it used twelve until now";
  EXPECT_EQ(two.tell(store, 1260, 6).lease, 0U);
  EXPECT_EQ(one.tell(store, 1500, 6).lease, 6U);
  EXPECT_EQ(two.tell(store, 1510, 6).lease, 6U);
}

TEST(LeaseRules, ReportThatWasUnderWayTooLongCountsForItsSendersPart) {
  LeaseRules store;
  Speaker one{"one", ""};
  Speaker two{"two", ""};
  EXPECT_EQ(two.tell(store, 1000, 2).lease, 2U);
  EXPECT_EQ(one.tell(store, 1001, 10).lease, 10U);
  two.next.wanted = 2;
  PeerReport late = two.next;
  late.replica = "two";
  late.sequence = 2;
  // Redis stood still: what it finds in its sockets was said before all went on by themselves, with six each.
  EXPECT_EQ(store.exchange(late, 20'000).replicas, 2U);
  one.next.held = 6;
  EXPECT_EQ(one.tell(store, 20'001, 10).lease, 6U);
}

TEST(LeaseRules, WhoStartsInThePlaceOfOneThatIsGoneTakesOverItsPart) {
  LeaseRules store;
  Speaker former{"former", "/var/lib/obleth"};
  Speaker other{"other", "/somewhere/else"};
  Speaker follower{"follower", "/var/lib/obleth"};
  EXPECT_EQ(former.tell(store, 1000, 12).lease, 12U);
  EXPECT_EQ(follower.tell(store, 1500, 12).lease, 0U) << "the former one may be alive";
  EXPECT_EQ(other.tell(store, 5000, 12).replicas, 3U);
  EXPECT_EQ(follower.tell(store, 5001, 12).replicas, 2U);
}

}  // namespace
}  // namespace obleth::ports
