// Process signals as events of a loop (signalfd). The signals are blocked first, on the main thread before any other
// thread starts, so that no thread is interrupted by them. Thread: its loop's.
#pragma once

#include <functional>
#include <initializer_list>

#include "adapters/os/epoll_loop.hpp"
#include "adapters/os/file_descriptor.hpp"

namespace obleth::adapters {

// For this thread and those that it starts from now on.
void block_signals(std::initializer_list<int> signals);

class SignalWatch final : private FdWatcher, private LoopItem {
 public:
  // Called with the signal's number, on the loop's thread, once per signal received.
  SignalWatch(EpollLoop& loop, std::initializer_list<int> signals, std::function<void(int)> on_signal);
  ~SignalWatch() = default;

 private:
  void fd_ready(std::uint32_t epoll_events) override;
  void run() override;

  EpollLoop& loop_;
  FileDescriptor fd_;
  std::function<void(int)> on_signal_;
};

}  // namespace obleth::adapters
