#include "gateway/policy_board.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace obleth::gateway {
namespace {

TEST(PolicyBoard, ARequestKeepsWhatItBeganWithAndTheNextObeysWhatIsNew) {
  PolicyBoard board({.n_max = 1});
  ThreadPolicy policies(board);
  const ThreadPolicy::Hold before = policies.hold();
  board.publish({.n_max = 2});
  const ThreadPolicy::Hold after = policies.hold();
  EXPECT_EQ((*before).n_max, 1);
  EXPECT_EQ((*after).n_max, 2);
}

TEST(PolicyBoard, EveryThreadTakesItUp) {
  PolicyBoard board({.n_max = 1});
  ThreadPolicy one(board);
  ThreadPolicy two(board);
  board.publish({.n_max = 2});
  EXPECT_EQ((*one.hold()).n_max, 2);
  EXPECT_EQ((*two.hold()).n_max, 2);
}

TEST(PolicyBoard, FormerOnesStayOnlyAsLongAsARequestHoldsThem) {
  PolicyBoard board({.n_max = 0});
  ThreadPolicy policies(board);
  std::unique_ptr<const ThreadPolicy::Hold> held;
  for (std::int64_t n = 1; n <= 100; ++n) {
    board.publish({.n_max = n});
    const ThreadPolicy::Hold passing = policies.hold();
    if (n == 50) held.reset(new ThreadPolicy::Hold(policies.hold()));
  }
  EXPECT_EQ((**held).n_max, 50);
  EXPECT_LE(policies.editions(), 3U);
  held.reset();
  board.publish({});
  EXPECT_EQ((*policies.hold()).n_max, Policy{}.n_max);
  EXPECT_EQ(policies.editions(), 1U);
}

}  // namespace
}  // namespace obleth::gateway
