// Whatever Redis and processes lose, and whenever: what was spent and what is held never come to more than the budget,
// and in the end what was spent is what the ledger has.
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <random>
#include <vector>

#include "adapters/redis/redis_replica_test.hpp"

namespace obleth::adapters {
namespace {

using testing::LinkFloor;
using testing::RedisProcess;
using testing::Replica;
using testing::rules_of;
using testing::turn_until;

constexpr std::int64_t budget_tokens = 20'000;

// The ledger that all replicas share.
class SharedBook final : public ports::SpendingBook {
 public:
  Task<Result<ports::Spending>> spent(ports::SpendingAccount, WallSpan span) override {
    ports::Spending all;
    for (const Row& row : rows) {
      if (row.ended_at >= span.begin && row.ended_at < span.end) all.tokens += row.tokens;
    }
    co_return all;
  }
  [[nodiscard]] std::int64_t total() const {
    std::int64_t all = 0;
    for (const Row& row : rows)
      all += row.tokens;
    return all;
  }
  struct Row {
    WallTime ended_at;
    std::int64_t tokens = 0;
  };
  std::vector<Row> rows;
};

class Losses {
 public:
  explicit Losses(std::uint64_t seed) : random_(seed) {
    for (Member& member : members_)
      start(member);
  }

  void step() {
    clock_.step(milliseconds(1 + random_() % 2));
    Member& member = members_.at(random_() % members_.size());
    ports::Loop::set_current(&member.floor->loop);
    const std::uint64_t what = random_() % 100;
    if (what < 45) reserve(member);
    if (what >= 45 && what < 85) settle(member);
    if (what == 85) flush();
    if (what >= 86 && what < 92) restart(member);
    if (what >= 92) lose_connections();
  }
  void end() {
    for (Member& member : members_) {
      ports::Loop::set_current(&member.floor->loop);
      while (!member.open.empty())
        settle(member);
    }
    restart(members_.front());
    Member& last = members_.front();
    const auto standing = last.replica->standing(limits());
    ASSERT_TRUE(standing);
    EXPECT_EQ(standing->used_tokens, book_.total());
  }

 private:
  struct Member {
    std::unique_ptr<LinkFloor> floor;
    std::unique_ptr<Replica> replica;
    std::vector<ports::ReserveRequest> open;
    ports::SettleTurn turn;
  };

  static ports::LimitedAccount limits() {
    ports::LimitedAccount made;
    made.budget = tokens_a_day(budget_tokens);
    return made;
  }
  void start(Member& member) {
    member.floor = std::make_unique<LinkFloor>();
    member.replica = std::make_unique<Replica>(*member.floor, redis_.settings(), clock_, rules_of(&book_));
    member.turn = {.stream = ++streams_, .sequence = 0};
  }
  void reserve(Member& member) {
    ports::ReserveRequest asked = request(++requests_, 0, 0, 1 + static_cast<std::int64_t>(random_() % 1000));
    asked.tenant_limits = limits();
    if (!member.replica->reserve(asked).granted) return;
    member.open.push_back(asked);
    std::int64_t taken = book_.total();
    for (const Member& each : members_) {
      for (const ports::ReserveRequest& open : each.open)
        taken += open.bound_tokens;
    }
    ASSERT_LE(taken, budget_tokens);
  }
  // One in four is booked only when others have gone on, or, where its process ends before, never.
  void settle(Member& member) {
    if (member.open.empty()) return;
    const std::size_t at = random_() % member.open.size();
    const ports::ReserveRequest asked = member.open[at];
    member.open.erase(member.open.begin() + static_cast<std::ptrdiff_t>(at));
    ports::SettleRequest settled{.reservation = asked.reservation, .tenant = tenant, .key = key};
    settled.used_tokens = static_cast<std::int64_t>(random_() % 1001) * asked.bound_tokens / 1000;
    settled.ended_at = clock_.wall_now();
    ++member.turn.sequence;
    settled.turn = member.turn;
    const WallTime counted_at = member.replica->ledger.settle(settled);
    book_.rows.push_back({.ended_at = counted_at, .tokens = settled.used_tokens});
    if (random_() % 4 != 0) member.replica->until_booked();
  }
  // Each hears of it within two seconds (RedisPresence); before that only the loser's own requests are guarded.
  void flush() {
    redis_.ask({"FLUSHALL"});
    for (Member& member : members_) {
      ports::Loop::set_current(&member.floor->loop);
      member.replica->ledger.renew_all();
      ping(member);
    }
  }
  void lose_connections() {
    std::array<std::uint64_t, 3> before{};
    for (std::size_t at = 0; at < members_.size(); ++at)
      before.at(at) = members_.at(at).replica->link.connection_count();
    redis_.ask({"CLIENT", "KILL", "TYPE", "normal"});
    for (std::size_t at = 0; at < members_.size(); ++at) {
      Member& member = members_.at(at);
      ports::Loop::set_current(&member.floor->loop);
      turn_until(member.floor->loop, [&] { return member.replica->link.connection_count() > before.at(at); });
    }
  }
  // Killed: what it held is not billed, what was not booked is in its rows alone.
  void restart(Member& member) {
    member.replica.reset();
    member.open.clear();
    clock_.step(milliseconds(2));
    start(member);
  }
  static void ping(Member& member) {
    const auto answer =
        testing::run_on(member.floor->loop, member.replica->link.call({.operation = "test", .words = {"PING"}}));
    ASSERT_TRUE(answer);
  }

  RedisProcess redis_;
  SteppedClock clock_;
  SharedBook book_;
  std::mt19937_64 random_;
  std::array<Member, 3> members_;
  std::uint64_t streams_ = 0;
  std::uint64_t requests_ = 0;
};

TEST(RedisLosses, NothingIsOverspentAndNothingIsCountedTwice) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    Losses losses(seed);
    for (int step = 0; step < 300; ++step) {
      losses.step();
      ASSERT_FALSE(::testing::Test::HasFailure()) << "seed " << seed << ", step " << step;
    }
    losses.end();
    ASSERT_FALSE(::testing::Test::HasFailure()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace obleth::adapters
