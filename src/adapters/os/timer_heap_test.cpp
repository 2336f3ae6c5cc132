#include "adapters/os/timer_heap.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

namespace obleth::adapters {
namespace {

using std::chrono::milliseconds;

struct Bell final : ports::Timer {
  void expired() override { ++rung; }
  int rung = 0;
};

Instant at_ms(int ms) {
  return Instant(milliseconds(ms));
}

TEST(TimerHeap, RingsWhatIsDueAndNothingElse) {
  TimerHeap heap;
  Bell soon;
  Bell later;
  heap.arm(later, at_ms(20));
  heap.arm(soon, at_ms(10));
  EXPECT_EQ(heap.next_look(), at_ms(10));
  heap.expire(at_ms(10));
  EXPECT_EQ(soon.rung, 1);
  EXPECT_EQ(later.rung, 0);
  EXPECT_EQ(heap.next_look(), at_ms(20));
}

TEST(TimerHeap, MovesATimerLaterWithoutTouchingTheHeap) {
  TimerHeap heap;
  Bell bell;
  heap.arm(bell, at_ms(10));
  heap.arm(bell, at_ms(50));
  EXPECT_EQ(heap.next_look(), at_ms(10));  // lazily: the old place is still there
  heap.expire(at_ms(10));
  EXPECT_EQ(bell.rung, 0);
  EXPECT_EQ(heap.next_look(), at_ms(50));
  heap.expire(at_ms(50));
  EXPECT_EQ(bell.rung, 1);
}

TEST(TimerHeap, MovesATimerEarlierAtOnce) {
  TimerHeap heap;
  Bell bell;
  heap.arm(bell, at_ms(50));
  heap.arm(bell, at_ms(5));
  EXPECT_EQ(heap.next_look(), at_ms(5));
  heap.expire(at_ms(5));
  EXPECT_EQ(bell.rung, 1);
}

TEST(TimerHeap, ForgetsATimerThatWasSwitchedOffLazily) {
  TimerHeap heap;
  Bell bell;
  heap.arm(bell, at_ms(10));
  heap.arm(bell, Instant::distant_future());
  heap.expire(at_ms(10));
  EXPECT_EQ(bell.rung, 0);
  EXPECT_EQ(heap.next_look(), Instant::distant_future());
  EXPECT_EQ(heap.size(), 0U);
}

TEST(TimerHeap, DoesNotLoopOnATimerThatArmsItselfForThePast) {
  struct Eager final : ports::Timer {
    explicit Eager(TimerHeap& in) : heap(in) {}
    void expired() override {
      ++rung;
      heap.arm(*this, at_ms(0));
    }
    TimerHeap& heap;
    int rung = 0;
  };
  TimerHeap heap;
  Eager eager(heap);
  heap.arm(eager, at_ms(1));
  heap.expire(at_ms(5));
  EXPECT_EQ(eager.rung, 1);
  heap.disarm(eager);
}

// Against a list that is searched: any sequence of arm, disarm and expire rings the same timers at the same times.
TEST(TimerHeap, AgreesWithAPlainListUnderRandomUse) {
  std::mt19937 random(7);
  TimerHeap heap;
  std::vector<Bell> bells(200);
  std::vector<Instant> due(bells.size(), Instant::distant_future());
  std::vector<int> rung(bells.size(), 0);
  int now_ms = 0;
  for (int step = 0; step < 20'000; ++step) {
    const std::size_t which = random() % bells.size();
    switch (random() % 4) {
      case 0:
      case 1:
        due[which] = at_ms(now_ms + 1 + static_cast<int>(random() % 300));
        heap.arm(bells[which], due[which]);
        break;
      case 2:
        due[which] = Instant::distant_future();
        heap.disarm(bells[which]);
        break;
      default:
        now_ms += static_cast<int>(random() % 5);
        for (std::size_t at = 0; at < bells.size(); ++at) {
          if (due[at] > at_ms(now_ms)) continue;
          ++rung[at];
          due[at] = Instant::distant_future();
        }
        heap.expire(at_ms(now_ms));
    }
    ASSERT_LE(heap.next_look(), *std::ranges::min_element(due));
  }
  for (std::size_t at = 0; at < bells.size(); ++at)
    EXPECT_EQ(bells[at].rung, rung[at]);
}

}  // namespace
}  // namespace obleth::adapters
