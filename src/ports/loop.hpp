// A thread's event loop, as far as anything outside adapters/os needs it. The simulator brings its own.
//
// Thread: post() from any thread; everything else on the loop's own thread.
#pragma once

#include <coroutine>

#include "base/cancel_signal.hpp"
#include "base/instant.hpp"

namespace obleth::ports {

// Fires once at or soon after its time (within 20 ms); cancelled by its destructor. Moving the time later is O(1).
class Timer {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  virtual void expired() = 0;

  Instant due = Instant::distant_future();  // written by the loop
  std::size_t heap_position = 0;            // written by the loop; 0 = not armed

 protected:
  ~Timer() = default;
};

class Loop {
 public:
  virtual ~Loop() = default;

  // Refreshed once a turn, and by refresh_now().
  [[nodiscard]] virtual Instant now() const = 0;
  virtual Instant refresh_now() = 0;
  [[nodiscard]] virtual WallTime wall_now() const = 0;

  // Resumes the coroutine on this loop's thread, in a later turn. From any thread; wakes the loop.
  virtual void post(std::coroutine_handle<> resume_here) = 0;

  virtual void arm(Timer& timer, Instant due) = 0;  // re-arms if armed
  virtual void disarm(Timer& timer) = 0;            // no-op if not armed

  // The loop of the calling thread; null on a thread without one.
  [[nodiscard]] static Loop* current();
  static void set_current(Loop* loop);
};

// co_await Pause(loop, due, &signal): true when the time came, false when the signal fired first.
class Pause final : private Timer, private CancelSignal::Listener {
 public:
  Pause(Loop& loop, Instant due, CancelSignal* signal = nullptr) : loop_(loop), due_(due), signal_(signal) {}
  ~Pause() { loop_.disarm(*this); }

  [[nodiscard]] bool await_ready() const noexcept { return signal_ != nullptr && signal_->fired(); }
  void await_suspend(std::coroutine_handle<> waiting) {
    waiting_ = waiting;
    if (signal_ != nullptr) signal_->attach(*this);
    loop_.arm(*this, due_);
  }
  [[nodiscard]] bool await_resume() const noexcept { return came_; }

 private:
  void expired() override {
    came_ = true;
    CancelSignal::detach(*this);
    waiting_.resume();
  }
  void cancelled() override {
    loop_.disarm(*this);
    waiting_.resume();
  }

  Loop& loop_;
  Instant due_;
  CancelSignal* signal_;
  std::coroutine_handle<> waiting_;
  bool came_ = false;
};

}  // namespace obleth::ports
