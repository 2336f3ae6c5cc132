#include "adapters/os/thread_turns.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <thread>

namespace obleth::adapters {
namespace {

struct Turns {
  int policy = 0;
  int niceness = 0;
  std::uint64_t slice_ns = 0;
};

// As the kernel tells them of the thread that asks: a size, policy, flags, niceness, priority and times.
Turns turns_of_this_thread() {
  struct {
    std::uint32_t size, policy;
    std::uint64_t flags;
    std::int32_t nice;
    std::uint32_t priority;
    std::uint64_t runtime, deadline, period;
  } told{};
  EXPECT_EQ(::syscall(SYS_sched_getattr, 0, &told, sizeof told, 0U), 0);
  return {.policy = static_cast<int>(told.policy), .niceness = told.nice, .slice_ns = told.runtime};
}

Turns turns_after(void (*step)()) {
  Turns turns;
  std::thread([&] {
    step();
    turns = turns_of_this_thread();
  }).join();
  return turns;
}

int this_niceness() {
  return getpriority(PRIO_PROCESS, 0);
}

TEST(ThreadTurns, OfALoopAreNoMatterOfNiceness) {
  const Turns loop = turns_after(take_short_turns);
  EXPECT_EQ(loop.policy, SCHED_OTHER);
  EXPECT_EQ(loop.niceness, this_niceness());
}

TEST(ThreadTurns, OfOneThatStandsBackAreNicerAndAskedForInNobodysMiddle) {
  const Turns behind = turns_after(stand_back);
  EXPECT_EQ(behind.policy, SCHED_BATCH);
  EXPECT_EQ(behind.niceness, std::min(this_niceness() + 5, 19));
}

TEST(ThreadTurns, OfALoopAreShorterThanOfOneThatStandsBack) {
  const Turns loop = turns_after(take_short_turns);
  const Turns behind = turns_after(stand_back);
  if (loop.slice_ns == 0 && behind.slice_ns == 0) GTEST_SKIP() << "this kernel knows no slices (Linux 6.12 does)";
  EXPECT_LT(loop.slice_ns, behind.slice_ns);
}

TEST(ThreadTurns, AreOfTheCallingThreadAlone) {
  const Turns before = turns_of_this_thread();
  static_cast<void>(turns_after(stand_back));
  const Turns after = turns_of_this_thread();
  EXPECT_EQ(after.policy, before.policy);
  EXPECT_EQ(after.niceness, before.niceness);
  EXPECT_EQ(after.slice_ns, before.slice_ns);
}

}  // namespace
}  // namespace obleth::adapters
