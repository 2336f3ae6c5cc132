#include "adapters/sqlite/worker.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <future>
#include <vector>

namespace obleth::adapters {
namespace {

TEST(Worker, DoesItsJobsInTurn) {
  std::vector<int> done;
  std::promise<void> last;
  Worker worker(8);
  for (int job = 0; job < 5; ++job)
    ASSERT_TRUE(worker.submit([&done, job] { done.push_back(job); }));
  ASSERT_TRUE(worker.submit([&last] { last.set_value(); }));
  last.get_future().wait();
  EXPECT_EQ(done, (std::vector{0, 1, 2, 3, 4}));
}

TEST(Worker, StandsBackBehindTheThreadThatMadeIt) {
  constexpr int nicest = 19;
  const int mine = getpriority(PRIO_PROCESS, 0);
  std::promise<int> theirs;
  Worker worker(1, Worker::Turns::behind_others);
  ASSERT_TRUE(worker.submit([&theirs] { theirs.set_value(getpriority(PRIO_PROCESS, 0)); }));
  EXPECT_EQ(theirs.get_future().get(), std::min(mine + 5, nicest));
  EXPECT_EQ(getpriority(PRIO_PROCESS, 0), mine);
}

TEST(Worker, FullQueueTakesNoMore) {
  std::promise<void> started;
  std::promise<void> release;
  std::promise<void> last;
  Worker worker(2);
  ASSERT_TRUE(worker.submit([&started, &release] {
    started.set_value();
    release.get_future().wait();
  }));
  started.get_future().wait();
  EXPECT_TRUE(worker.submit([] {}));
  EXPECT_TRUE(worker.submit([&last] { last.set_value(); }));
  EXPECT_FALSE(worker.submit([] { FAIL() << "it was said that this does not run"; }));
  release.set_value();
  last.get_future().wait();
  EXPECT_TRUE(worker.submit([] {}));
}

TEST(Worker, EndsAfterTheJobAtHandAndDropsTheRest) {
  std::promise<void> started;
  std::promise<void> release;
  bool second_ran = false;
  {
    Worker worker(2);
    ASSERT_TRUE(worker.submit([&started, &release] {
      started.set_value();
      release.get_future().wait();
    }));
    ASSERT_TRUE(worker.submit([&second_ran] { second_ran = true; }));
    started.get_future().wait();
    worker.stop();
    release.set_value();
  }
  EXPECT_FALSE(second_ran);
}

}  // namespace
}  // namespace obleth::adapters
