#include "adapters/sqlite/worker.hpp"

#include <gtest/gtest.h>

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
