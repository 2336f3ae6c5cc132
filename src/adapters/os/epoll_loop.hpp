// A thread's event loop on epoll: descriptors, timers, posted coroutines. Sleeps when there is nothing to do.
//
// Thread: post(), submit() and stop() from any thread; everything else on the thread that calls run(). Descriptors are
// registered once, edge-triggered, and never touched again: no epoll_ctl per request.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

#include "adapters/os/file_descriptor.hpp"
#include "adapters/os/loop_item.hpp"
#include "adapters/os/timer_heap.hpp"
#include "base/instant.hpp"
#include "ports/loop.hpp"

namespace obleth::adapters {

// Told about edges of one descriptor. fd_ready() only notes and schedules: it destroys nothing and resumes nothing.
class FdWatcher {
 public:
  virtual void fd_ready(std::uint32_t epoll_events) = 0;

 protected:
  ~FdWatcher() = default;
};

class EpollLoop final : public ports::Loop {
 public:
  static constexpr int events_per_turn_max = 256;
  static constexpr int writes_gathered_max = 8;

  EpollLoop();
  ~EpollLoop() override;
  EpollLoop(const EpollLoop&) = delete;
  EpollLoop& operator=(const EpollLoop&) = delete;

  // Serves until stop(), as Loop::current() of the calling thread. May be called again after it returned.
  void run();
  // One turn; sleeps at most this long; false when stop() was called. For tests and for those with a loop of their own.
  bool turn(Duration sleep_max);
  void stop();  // any thread; run() returns after one more turn

  [[nodiscard]] Instant now() const override { return now_; }
  Instant refresh_now() override;
  [[nodiscard]] WallTime wall_now() const override;

  void post(std::coroutine_handle<> resume_here) override;
  // Calls work on this loop's thread, in a later turn. From any thread; wakes the loop.
  void submit(std::move_only_function<void()> work);

  void arm(ports::Timer& timer, Instant due) override { timers_.arm(timer, due); }
  void disarm(ports::Timer& timer) override { timers_.disarm(timer); }

  // Runs the item later in this turn or in the next; a scheduled item is not scheduled twice.
  void run_soon(LoopItem& item) { soon_.push(item); }
  // As run_soon, and before all of those. What goes on with answers then runs together, and so does what begins with
  // requests: either finds its code in the caches (0.4 us of a request).
  void run_soon_ahead(LoopItem& item) { ahead_.push(item); }
  // Runs the item when everything else of this turn has run: what a turn brought together is done at once.
  void run_at_turn_end(LoopItem& item) { turn_end_.push(item); }

  // True while others wait for their run in this turn. A write then does well to wait for theirs, and all go one after
  // the other: a peer on this machine is woken once, instead of falling asleep between them (4 us for each wake).
  [[nodiscard]] bool has_more_to_run() const { return !running_.empty(); }
  // Runs the item when this turn's others have run, or when writes_gathered_max wait.
  void run_with_writes(LoopItem& item);

  // Edge-triggered for events; false when the kernel refuses (ENOSPC: too many watches). Closing fd ends the watch.
  [[nodiscard]] bool watch(int fd, std::uint32_t events, FdWatcher& watcher);

 private:
  [[nodiscard]] int sleep_ms(Duration sleep_max);
  bool take_posted();
  void wake_if_asleep();
  // What is scheduled now; what those items schedule waits for the next call.
  void run_scheduled();
  void run_writes();

  FileDescriptor epoll_;
  FileDescriptor wake_up_;
  Instant now_;
  TimerHeap timers_;
  LoopItemList ahead_;
  LoopItemList soon_;
  LoopItemList running_;  // of ahead_ and soon_, in this turn
  LoopItemList writes_;
  int writes_gathered_ = 0;
  LoopItemList turn_end_;

  std::mutex mutex_;     // guards the four below
  bool asleep_ = false;  // a post must wake it
  bool stopping_ = false;
  std::vector<std::coroutine_handle<>> posted_;
  std::vector<std::move_only_function<void()>> submitted_;
  std::vector<std::coroutine_handle<>> posted_batch_;  // loop thread: swapped with posted_, keeps its memory
  std::vector<std::move_only_function<void()>> submitted_batch_;
};

// co_await SwitchTo(loop): resumes on that loop's thread, in a later turn. From any thread. For tests.
class SwitchTo {
 public:
  explicit SwitchTo(ports::Loop& loop) : loop_(loop) {}
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) { loop_.post(waiting); }
  void await_resume() const noexcept {}

 private:
  ports::Loop& loop_;
};

// co_await NextTurn(loop): lets the others have their turn first. Destroying the frame meanwhile is allowed.
class NextTurn final : private LoopItem {
 public:
  explicit NextTurn(EpollLoop& loop) : loop_(loop) {}
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    waiting_ = waiting;
    loop_.run_soon(*this);
  }
  void await_resume() const noexcept {}

 private:
  void run() override { waiting_.resume(); }
  EpollLoop& loop_;
  std::coroutine_handle<> waiting_;
};

}  // namespace obleth::adapters
