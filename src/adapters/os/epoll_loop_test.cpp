#include "adapters/os/epoll_loop.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "adapters/os/signal_watch.hpp"
#include "adapters/os/system_clock.hpp"
#include "adapters/os/system_entropy.hpp"
#include "base/task.hpp"

namespace obleth::adapters {
namespace {

using std::chrono::milliseconds;

Task<void> hop_and_count(EpollLoop& loop, std::thread::id home, int& arrived) {
  co_await SwitchTo(loop);
  EXPECT_EQ(std::this_thread::get_id(), home);
  ++arrived;
}

TEST(EpollLoop, RunsWhatOtherThreadsPostOnItsOwnThread) {
  EpollLoop loop;
  constexpr int threads = 4;
  constexpr int per_thread = 500;
  int arrived = 0;
  std::atomic<int> running = threads;
  const auto home = std::this_thread::get_id();
  std::vector<std::thread> posters;
  for (int at = 0; at < threads; ++at) {
    posters.emplace_back([&] {
      for (int count = 0; count < per_thread; ++count)
        spawn(hop_and_count(loop, home, arrived));
      if (--running == 0) loop.stop();
    });
  }
  loop.run();
  for (std::thread& poster : posters)
    poster.join();
  EXPECT_EQ(arrived, threads * per_thread);
}

Task<void> pause_then_stop(EpollLoop& loop, Duration span, CancelSignal* signal, bool& came) {
  const Instant due = loop.now() + span;
  came = co_await ports::Pause(loop, due, signal);
  loop.stop();
}

TEST(EpollLoop, WakesAPauseWhenItsTimeCame) {
  EpollLoop loop;
  bool came = false;
  const Instant began = loop.refresh_now();
  spawn(pause_then_stop(loop, milliseconds(30), nullptr, came));
  loop.run();
  EXPECT_TRUE(came);
  EXPECT_GE(loop.now() - began, milliseconds(30));
  EXPECT_LT(loop.now() - began, std::chrono::seconds(5));
}

TEST(EpollLoop, WakesAPauseWhenItIsCalledOff) {
  EpollLoop loop;
  bool came = true;
  CancelSignal signal;
  spawn(pause_then_stop(loop, std::chrono::hours(1), &signal, came));
  loop.submit([&] { signal.fire(); });
  loop.run();
  EXPECT_FALSE(came);
}

TEST(EpollLoop, RunsWhatWasPostedBeforeItWasStopped) {
  EpollLoop loop;
  int arrived = 0;
  loop.stop();
  spawn(hop_and_count(loop, std::this_thread::get_id(), arrived));
  loop.run();
  EXPECT_EQ(arrived, 1);
}

TEST(EpollLoop, KnowsItselfOnlyWhileItRuns) {
  EpollLoop loop;
  ports::Loop* inside = nullptr;
  loop.submit([&] {
    inside = ports::Loop::current();
    loop.stop();
  });
  loop.run();
  EXPECT_EQ(inside, &loop);
  EXPECT_EQ(ports::Loop::current(), nullptr);
}

TEST(EpollLoop, TellsTimeAsTheSystemClockDoes) {
  EpollLoop loop;
  const SystemClock clock;
  const Instant by_loop = loop.refresh_now();
  const Duration apart = clock.now() - by_loop;
  EXPECT_GE(apart, Duration::zero());
  EXPECT_LT(apart, std::chrono::seconds(5));
  EXPECT_LT(std::abs(clock.wall_now().unix_ms - loop.wall_now().unix_ms), 5000);
}

TEST(LoopItem, LeavesTheListWhenItIsDestroyed) {
  struct Counted final : LoopItem {
    explicit Counted(int& in) : runs(in) {}
    void run() override { ++runs; }
    int& runs;
  };
  EpollLoop loop;
  int runs = 0;
  Counted stays(runs);
  {
    Counted leaves(runs);
    loop.run_soon(leaves);
    loop.run_soon(stays);
    loop.run_soon(stays);  // once is enough
  }
  loop.turn(Duration::zero());
  EXPECT_EQ(runs, 1);
}

TEST(SignalWatch, GivesSignalsToTheLoop) {
  block_signals({SIGUSR2});
  EpollLoop loop;
  int seen = 0;
  SignalWatch watch(loop, {SIGUSR2}, [&](int signal) {
    seen = signal;
    loop.stop();
  });
  std::raise(SIGUSR2);
  loop.run();
  EXPECT_EQ(seen, SIGUSR2);
}

TEST(SystemEntropy, GivesEachIdOnceOnEveryThread) {
  std::set<Bits128> seen;
  std::mutex mutex;
  std::vector<std::thread> threads;
  for (int at = 0; at < 4; ++at) {
    threads.emplace_back([&] {
      SystemEntropy entropy;
      for (int count = 0; count < 1000; ++count) {
        const Bits128 bits = entropy.bits128();
        const std::lock_guard lock(mutex);
        seen.insert(bits);
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  EXPECT_EQ(seen.size(), 4000U);
}

}  // namespace
}  // namespace obleth::adapters
