#include "app/under_way.hpp"

#include <gtest/gtest.h>

#include <optional>

#include "adapters/os/epoll_loop.hpp"

namespace obleth::app {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class UnderWayTest : public testing::Test {
 protected:
  UnderWayTest() { ports::Loop::set_current(&loop_); }
  ~UnderWayTest() override { ports::Loop::set_current(nullptr); }

  Task<void> wait(Duration at_most) {
    Task<void> ended = under_way_.ended(loop_, at_most);
    co_await ended;
    ++waited_;
  }

  adapters::EpollLoop loop_;
  UnderWay under_way_;
  int waited_ = 0;
};

TEST_F(UnderWayTest, HasEndedWhereNothingRuns) {
  spawn(wait(seconds(20)));
  EXPECT_EQ(waited_, 1);
}

TEST_F(UnderWayTest, EndsForAllWhoWaitWithTheLastOfIt) {
  for (int round = 1; round <= 2; ++round) {
    std::optional<UnderWay::One> first(under_way_);
    std::optional<UnderWay::One> second(under_way_);
    spawn(wait(seconds(20)));
    spawn(wait(seconds(20)));
    second.reset();
    EXPECT_EQ(waited_, 2 * (round - 1));
    first.reset();
    EXPECT_EQ(waited_, 2 * round);
  }
}

TEST_F(UnderWayTest, IsNotWaitedForLongerThanAsked) {
  const UnderWay::One endless(under_way_);
  spawn(wait(milliseconds(30)));
  const Instant latest = loop_.refresh_now() + seconds(20);
  while (waited_ == 0 && loop_.now() < latest)
    loop_.turn(milliseconds(5));
  EXPECT_EQ(waited_, 1);
}

}  // namespace
}  // namespace obleth::app
