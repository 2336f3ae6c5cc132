#include "base/task.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace obleth {
namespace {

// Suspends until it is resumed by hand; tells when it is destroyed while somebody waits.
class Gate {
 public:
  struct Wait {
    Gate& gate;
    ~Wait() {
      if (gate.waiter_) ++gate.abandoned;
    }
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiter) noexcept { gate.waiter_ = waiter; }
    void await_resume() const noexcept {}
  };
  Wait wait() { return Wait{*this}; }
  void open() { std::exchange(waiter_, nullptr).resume(); }
  [[nodiscard]] bool has_waiter() const { return static_cast<bool>(waiter_); }
  int abandoned = 0;

 private:
  std::coroutine_handle<> waiter_;
};

Task<int> number(int value, int* runs) {
  ++*runs;
  co_return value;
}

Task<int> sum(int* runs) {
  const int first = co_await number(20, runs);
  const int second = co_await number(22, runs);
  co_return first + second;
}

TEST(Task, DoesNotStartBeforeItIsAwaited) {
  int runs = 0;
  {
    Task<int> never = number(1, &runs);
    Task<int> moved = std::move(never);
  }
  EXPECT_EQ(runs, 0);
  EXPECT_EQ(sum(&runs).run_now(), 42);
  EXPECT_EQ(runs, 2);
}

Task<std::unique_ptr<std::string>> move_only() {
  co_return std::make_unique<std::string>("moved");
}

TEST(Task, CarriesMoveOnlyValues) {
  EXPECT_EQ(*move_only().run_now(), "moved");
}

Task<int> failing() {
  throw std::runtime_error("inside");
  co_return 0;
}
Task<std::string> catching() {
  std::string caught;
  try {
    const int never = co_await failing();
    caught = std::to_string(never);
  } catch (const std::runtime_error& failure) {
    caught = failure.what();
  }
  co_return caught;
}

TEST(Task, ExceptionsTravelToTheAwaiter) {
  EXPECT_EQ(catching().run_now(), "inside");
}

Task<void> wait_at(Gate& gate, std::string& trace) {
  trace += "before ";
  co_await gate.wait();
  trace += "after";
}
Task<void> outer(Gate& gate, std::string& trace) {
  co_await wait_at(gate, trace);
  trace += " outer";
}

TEST(Task, SuspendsWithItsAwaiterAndGoesOnWhereItWas) {
  Gate gate;
  std::string trace;
  spawn(outer(gate, trace));
  EXPECT_EQ(trace, "before ");
  gate.open();
  EXPECT_EQ(trace, "before after outer");
}

struct Witness {
  int* ended;
  ~Witness() { ++*ended; }
};
Task<void> hold_while_waiting(Gate& gate, int* ended) {
  const Witness witness{ended};
  co_await gate.wait();
}
Task<void> hold_and_await(Gate& gate, int* ended) {
  const Witness witness{ended};
  co_await hold_while_waiting(gate, ended);
}

TEST(Task, DestroyedWhileSuspendedEndsEverythingInIt) {
  Gate gate;
  int ended = 0;
  {
    const Task<void> abandoned = hold_and_await(gate, &ended);
    abandoned.await_suspend(std::noop_coroutine()).resume();
    ASSERT_TRUE(gate.has_waiter());
    EXPECT_EQ(ended, 0);
  }
  EXPECT_EQ(ended, 2);
  EXPECT_EQ(gate.abandoned, 1);
}

Task<int> nested(int depth) {
  if (depth == 0) co_return 0;
  const int below = co_await nested(depth - 1);
  co_return below + 1;
}
Task<std::int64_t> loop_over(std::int64_t rounds, int* runs) {
  std::int64_t total = 0;
  for (std::int64_t round = 0; round < rounds; ++round) {
    const int one = co_await number(1, runs);
    total += one;
  }
  co_return total;
}

TEST(Task, AwaitsInALoopTakeNoStack) {
  int runs = 0;
  EXPECT_EQ(loop_over(200'000, &runs).run_now(), 200'000);
  EXPECT_EQ(nested(500).run_now(), 500);
}

TEST(TaskDeathTest, RunNowOfATaskThatSuspendsIsABrokenInvariant) {
  Gate gate;
  std::string trace;
  EXPECT_DEATH(wait_at(gate, trace).run_now(), "run_now was given a task that suspended");
}

}  // namespace
}  // namespace obleth
