#include "ports/handover.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "ports/posting_loop.hpp"

namespace obleth::ports {
namespace {

Task<bool> woken(std::shared_ptr<Handover> handover, std::thread::id* resumed_on) {
  co_await handover->awaited();
  *resumed_on = std::this_thread::get_id();
  co_return true;
}

TEST(Handover, WaiterResumesOnItsOwnThread) {
  PostingLoop loop;
  const auto handover = std::make_shared<Handover>(loop);
  std::thread::id resumed_on;
  std::jthread other([handover] { Handover::wake(handover); });
  EXPECT_TRUE(loop.run(woken(handover, &resumed_on)));
  EXPECT_EQ(resumed_on, std::this_thread::get_id());
}

TEST(Handover, WakeBeforeTheAwaitIsNotLost) {
  PostingLoop loop;
  const auto handover = std::make_shared<Handover>(loop);
  Handover::wake(handover);
  loop.turn_once();
  std::thread::id resumed_on;
  EXPECT_TRUE(woken(handover, &resumed_on).run_now());
}

TEST(Handover, WaiterThatIsGoneIsNotResumed) {
  PostingLoop loop;
  const auto handover = std::make_shared<Handover>(loop);
  std::thread::id resumed_on;
  {
    Task<bool> abandoned = woken(handover, &resumed_on);
    abandoned.await_suspend(std::noop_coroutine()).resume();
    Handover::wake(handover);
  }
  loop.turn_once();
  EXPECT_EQ(resumed_on, std::thread::id());
}

TEST(SpawnOn, TaskRunsOnTheThreadThatTurnsTheLoop) {
  PostingLoop loop;
  std::thread::id ran_on;
  struct Note {
    static Task<void> thread(std::thread::id* into) {
      *into = std::this_thread::get_id();
      co_return;
    }
  };
  std::jthread([&loop, &ran_on] { spawn_on(loop, Note::thread(&ran_on)); }).join();
  EXPECT_EQ(ran_on, std::thread::id());
  loop.turn_once();
  EXPECT_EQ(ran_on, std::this_thread::get_id());
}

}  // namespace
}  // namespace obleth::ports
