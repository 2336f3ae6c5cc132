// Names to addresses, on a few worker threads, remembered for 30 seconds.
//
// A hit suspends nothing. Several who ask for the same name share one question. When the name service fails, or does
// not answer soon, the last good answer is used for five more minutes. Any thread; the task resumes on the caller's
// loop.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "adapters/os/epoll_loop.hpp"
#include "adapters/os/net_address.hpp"
#include "base/cancel_signal.hpp"
#include "base/result.hpp"
#include "base/task.hpp"

namespace obleth::adapters {

struct ResolverSettings {
  unsigned threads = 4;  // names whose servers hang keep one each for ten seconds and more
  Duration fresh_for = std::chrono::seconds(30);
  Duration usable_for = std::chrono::minutes(5);  // after that, while there is no better answer
  Duration refresh_wait_max =
      std::chrono::milliseconds(250);  // then the last answer does, and the better one comes behind it
  std::size_t names_max = 1024;
};

class Resolver {
 public:
  using Addresses = std::vector<NetAddress>;
  // Blocking; throws nothing. Tests bring their own.
  using Lookup = std::function<Result<Addresses>(const std::string& host)>;

  explicit Resolver(ResolverSettings settings = {});
  Resolver(ResolverSettings settings, Lookup lookup);
  // Nobody asks any more. Who still waits is not told. A question to the system is left behind with its thread, since
  // nothing ends it sooner; a lookup of one's own is waited for.
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // Literals are answered at once. Ports are set on the addresses. Faults: unreachable, timed_out, cancelled.
  Task<Result<Addresses>> resolve(EpollLoop& loop, std::string host, std::uint16_t port, Instant deadline,
                                  CancelSignal* cancel);

 private:
  struct Shared;
  explicit Resolver(std::shared_ptr<Shared> shared);

  std::shared_ptr<Shared> shared_;  // with the threads
  std::vector<std::thread> threads_;
};

}  // namespace obleth::adapters
