// For tests: a real redis-server (or sentinel) on a free port, in a folder that vanishes with it; killed, stopped and
// started again at will. And a loop that is turned until something is seen.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "adapters/os/dialer.hpp"
#include "adapters/os/epoll_loop.hpp"
#include "adapters/os/resolver.hpp"
#include "adapters/redis/redis_link.hpp"
#include "base/task.hpp"

namespace obleth::adapters::testing {

inline constexpr Duration patience = std::chrono::seconds(30);  // ends at once when the thing is seen

class RedisProcess {
 public:
  // options: as on the command line, "--maxmemory", "1mb", …
  explicit RedisProcess(std::vector<std::string> options = {});
  // A sentinel, which alone decides that the master is gone.
  struct WatchedMaster {
    std::string name;
    int port = 0;
  };
  explicit RedisProcess(WatchedMaster watched);
  ~RedisProcess();
  RedisProcess(const RedisProcess&) = delete;
  RedisProcess& operator=(const RedisProcess&) = delete;

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] const std::string& folder() const { return folder_; }
  [[nodiscard]] RedisSettings settings() const;

  void start();  // again, on the same port; what it held is gone
  void kill();
  void pause();  // SIGSTOP
  void go_on();  // SIGCONT
  // By a connection of its own; words of one command. The test fails where there is no answer.
  RedisReply ask(std::vector<std::string> words);
  RedisReply ask(const Secret& password, std::vector<std::string> words);

 private:
  std::string folder_;
  std::vector<std::string> options_;
  bool is_sentinel_ = false;
  int port_ = 0;
  int pid_ = 0;
};

// A free port of 127.0.0.1 at this moment.
int free_port();

// Turns the loop until it holds; fails the test when patience is over.
void turn_until(EpollLoop& loop, const std::function<bool()>& holds);

template <class T>
T run_on(EpollLoop& loop, Task<T> task) {
  std::optional<T> answer;
  spawn([](Task<T> work, std::optional<T>& into) -> Task<void> {
    T value = co_await work;
    into.emplace(std::move(value));
  }(std::move(task), answer));
  turn_until(loop, [&answer] { return answer.has_value(); });
  return std::move(*answer);
}

// What a link stands on.
struct LinkFloor {
  EpollLoop loop;
  Resolver resolver;
  Dialer dialer;
  explicit LinkFloor(std::shared_ptr<const TlsCredentials> tls = nullptr)
      : dialer(resolver, AddressPolicy{}, std::move(tls)) {
    ports::Loop::set_current(&loop);
  }
};

}  // namespace obleth::adapters::testing
