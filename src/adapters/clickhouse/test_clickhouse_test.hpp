// A ClickHouse server for the tests of this folder, started once in the process and ended with it, and ledgers in it.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <latch>
#include <stdexcept>
#include <string>
#include <thread>

#include "adapters/clickhouse/clickhouse_usage_ledger.hpp"
#include "adapters/http_client/http_client.hpp"
#include "adapters/os/epoll_loop.hpp"
#include "adapters/os/resolver.hpp"
#include "base/seen_in_time_test.hpp"

namespace obleth::adapters {

// A ledger with the thread of its loop.
class LedgerOnALoop {
 public:
  explicit LedgerOnALoop(const ClickHouseSettings& settings) {
    std::latch made(1);
    thread_ = std::thread([this, &made, &settings] {
      ports::Loop::set_current(&loop_);
      HttpClient client(loop_, dialer_);
      ClickHouseUsageLedger ledger(loop_, client, settings);
      ledger_ = &ledger;
      made.count_down();
      loop_.run();
      ports::Loop::set_current(nullptr);
    });
    made.wait();
  }
  ~LedgerOnALoop() {
    loop_.stop();
    thread_.join();
  }
  LedgerOnALoop(const LedgerOnALoop&) = delete;
  LedgerOnALoop& operator=(const LedgerOnALoop&) = delete;
  [[nodiscard]] ClickHouseUsageLedger& ledger() { return *ledger_; }

 private:
  Resolver resolver_;
  Dialer dialer_{resolver_, AddressPolicy{}, nullptr};
  EpollLoop loop_;
  ClickHouseUsageLedger* ledger_ = nullptr;
  std::thread thread_;
};

class TestClickHouse {
 public:
  TestClickHouse() {
    std::string folder = "/tmp/obleth-clickhouse-XXXXXX";
    if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error("no folder for ClickHouse");
    folder_ = folder;
    port_ = free_port();
    start();
  }
  ~TestClickHouse() {
    end();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  TestClickHouse(const TestClickHouse&) = delete;
  TestClickHouse& operator=(const TestClickHouse&) = delete;

  void start() {
    const std::string script = std::string(OBLETH_TESTS_FOLDER) + "/support/run_clickhouse";
    process_ = ::fork();
    if (process_ == 0) {
      ::execl(script.c_str(), script.c_str(), folder_.c_str(), std::to_string(port_).c_str(), nullptr);
      std::_Exit(127);
    }
    LedgerOnALoop asked(settings("started"));
    if (!seen_in_time([&] { return asked.ledger().prepare().run_now().has_value(); })) {
      throw std::runtime_error("ClickHouse does not start");
    }
  }
  void signal(int number) const { ::kill(process_, number); }
  void end() {
    if (process_ <= 0) return;
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
    process_ = 0;
  }
  [[nodiscard]] ClickHouseSettings settings(const std::string& database) const {
    return {.address = *parse_upstream_address("http://127.0.0.1:" + std::to_string(port_)),
            .user = "obleth",
            .password = Secret("secret"),
            .database = database,
            .question_max = std::chrono::seconds(30),
            .insert_max = std::chrono::seconds(60),
            .refused_for = std::chrono::milliseconds(20)};
  }
  // A new name in every call.
  [[nodiscard]] std::string database() { return "test_" + std::to_string(++databases_); }

 private:
  static int free_port() {
    const int probe = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    const bool bound = ::bind(probe, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                       ::getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    ::close(probe);
    if (!bound) throw std::runtime_error("no free port");
    return ntohs(address.sin_port);
  }

  std::string folder_;
  int port_ = 0;
  pid_t process_ = 0;
  int databases_ = 0;
};

[[nodiscard]] inline TestClickHouse& test_clickhouse() {
  static TestClickHouse server;
  return server;
}

}  // namespace obleth::adapters
