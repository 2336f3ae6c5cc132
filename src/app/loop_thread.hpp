// A thread with an event loop, on which something is made, runs, and is destroyed again. Owner: the thread that makes
// it.
#pragma once

#include <functional>
#include <latch>
#include <memory>
#include <thread>
#include <utility>

#include "adapters/os/epoll_loop.hpp"
#include "adapters/os/thread_turns.hpp"

namespace obleth::app {

// Resident: constructed on the loop's own thread with (EpollLoop&, arguments…), destroyed there when the loop stops.
template <class Resident>
class LoopThread {
 public:
  template <class Make>
  explicit LoopThread(Make make) {
    std::latch made(1);
    thread_ = std::thread([this, &made, make = std::move(make)]() mutable {
      adapters::take_short_turns();
      ports::Loop::set_current(&loop_);
      resident_ = make(loop_);
      made.count_down();
      loop_.run();
      ports::Loop::set_current(&loop_);
      resident_.reset();
      ports::Loop::set_current(nullptr);
    });
    made.wait();
  }
  ~LoopThread() { end(); }
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;

  // For what it offers to other threads.
  [[nodiscard]] Resident& resident() { return *resident_; }
  // Stops the loop and destroys the resident; the loop itself stays, for those who may still post to it.
  void end() {
    if (!thread_.joinable()) return;
    loop_.stop();
    thread_.join();
  }
  // Runs work on the loop's thread, later.
  void tell(std::move_only_function<void(Resident&)> work) {
    loop_.submit([this, work = std::move(work)]() mutable { work(*resident_); });
  }

 private:
  adapters::EpollLoop loop_;
  std::unique_ptr<Resident> resident_;
  std::thread thread_;
};

}  // namespace obleth::app
