// Accepts connections from one listening socket and hands each on. Thread: its loop's.
//
// When descriptors or memory run out, it tries again every 100 ms; meanwhile connections wait in the kernel's queue.
// The log says so, once a minute.
#pragma once

#include <chrono>

#include "adapters/os/epoll_loop.hpp"
#include "adapters/os/listening_socket.hpp"

namespace obleth::adapters {

class ConnectionTaker {
 public:
  virtual void take(Accepted accepted) = 0;

 protected:
  ~ConnectionTaker() = default;
};

class Acceptor final : private FdWatcher, private LoopItem, private ports::Timer {
 public:
  static constexpr int accepted_per_turn_max = 64;
  static constexpr Duration retry_after = std::chrono::milliseconds(100);

  Acceptor(EpollLoop& loop, FileDescriptor listening, ConnectionTaker& taker);
  ~Acceptor() { loop_.disarm(*this); }
  // Closes the listening socket; what waits in its queue is refused by the kernel.
  void stop();

 private:
  void fd_ready(std::uint32_t) override { loop_.run_soon(*this); }
  void run() override;
  void wait_for_resources();
  void expired() override { loop_.run_soon(*this); }

  EpollLoop& loop_;
  FileDescriptor listening_;
  ConnectionTaker& taker_;
};

}  // namespace obleth::adapters
