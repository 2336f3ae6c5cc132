#include "mock/slots.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "base/task.hpp"
#include "mock/fake_loop.hpp"

namespace obleth::mock {
namespace {

// Resumes in the loop's next turn.
struct Yield {
  ports::Loop& loop;
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) const { loop.post(waiting); }
  void await_resume() const noexcept {}
};

struct Crowd {
  Slots slots{3};
  std::atomic<int> inside{0};
  std::atomic<int> most_inside{0};
  std::atomic<int> done{0};

  Task<void> visit(ports::Loop& loop) {
    CancelSignal stays;
    Slots::Turn turn(slots, loop, stays);
    const bool got = co_await turn;
    if (!got) co_return;
    {
      const HeldSlot held(slots);
      const int now_inside = ++inside;
      int most = most_inside;
      while (now_inside > most && !most_inside.compare_exchange_weak(most, now_inside)) {
      }
      Yield yield{loop};
      co_await yield;
      --inside;
    }
    ++done;
  }
};

TEST(Slots, ManyThreadsNeverHoldMoreThanThereAre) {
  constexpr int threads = 4;
  constexpr int visits = 200;
  Crowd crowd;
  std::vector<std::thread> running;
  for (int i = 0; i < threads; ++i) {
    running.emplace_back([&crowd] {
      FakeLoop loop;
      for (int visit = 0; visit < visits; ++visit)
        spawn(crowd.visit(loop));
      while (crowd.done < threads * visits)
        loop.run_posted();
    });
  }
  for (std::thread& thread : running)
    thread.join();
  EXPECT_EQ(crowd.most_inside, 3);
  EXPECT_EQ(crowd.slots.running(), 0U);
  EXPECT_EQ(crowd.slots.waiting(), 0U);
}

TEST(Slots, AGrantOnItsWayIsNotLostWhenTheWaiterIsCalledOff) {
  FakeLoop loop;
  Slots slots(1);
  CancelSignal first_leaves;
  CancelSignal second_leaves;
  int got = 0;
  const auto take = [](Slots& of, FakeLoop& on, CancelSignal& leaves, int& counter) -> Task<void> {
    Slots::Turn turn(of, on, leaves);
    const bool granted = co_await turn;
    counter += granted ? 1 : 0;
  };
  spawn(take(slots, loop, first_leaves, got));
  spawn(take(slots, loop, second_leaves, got));
  EXPECT_EQ(slots.waiting(), 1U);
  slots.release();
  second_leaves.fire();  // after the slot was passed on, before the loop ran
  loop.run_posted();
  EXPECT_EQ(got, 2);
  slots.release();
  EXPECT_EQ(slots.running(), 0U);
}

}  // namespace
}  // namespace obleth::mock
