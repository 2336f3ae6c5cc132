// A PostgreSQL server for the tests of this folder, started once in the process and ended with it, and databases in it.
//
// It is reached through a socket in its own temporary folder, so no port is taken.
#pragma once

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "adapters/postgres/postgres_address.hpp"
#include "adapters/postgres/postgres_session.hpp"
#include "adapters/sql/store_failure.hpp"
#include "base/seen_in_time_test.hpp"

namespace obleth::adapters {

// Generous: the machine that runs the tests may be busy.
inline constexpr PostgresDeadlines patient{std::chrono::seconds(20), std::chrono::seconds(20)};

class TestServer {
 public:
  TestServer() {
    std::string folder = "/tmp/obleth-postgres-XXXXXX";
    if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error("no folder for PostgreSQL");
    std::filesystem::permissions(folder, std::filesystem::perms::all);
    folder_ = folder;
    start();
  }
  ~TestServer() {
    end(SIGINT);
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  void start() {
    const std::string script = std::string(OBLETH_TESTS_FOLDER) + "/support/run_postgres";
    process_ = ::fork();
    if (process_ == 0) {
      ::execl(script.c_str(), script.c_str(), folder_.c_str(), nullptr);
      std::_Exit(127);
    }
    await_answer();
  }
  void end(int signal) {
    if (process_ <= 0) return;
    ::kill(process_, signal);
    ::waitpid(process_, nullptr, 0);
    process_ = 0;
  }
  [[nodiscard]] pid_t process() const { return process_; }
  [[nodiscard]] const std::string& folder() const { return folder_; }
  [[nodiscard]] PostgresAddress address(const std::string& database) const {
    return *PostgresAddress::parse(Secret("postgresql://postgres@/" + database + "?host=" + folder_));
  }
  // A new one in every call.
  [[nodiscard]] std::string make_database() {
    const std::string name = "test_" + std::to_string(++databases_);
    const PostgresAddress administration = address("postgres");
    PostgresSession session(administration, patient);
    session.connect();
    session.execute("CREATE DATABASE " + name);
    return name;
  }

 private:
  void await_answer() const {
    const PostgresAddress administration = address("postgres");
    const bool answers = seen_in_time([&] {
      try {
        PostgresSession(administration, patient).connect();
        return true;
      } catch (const StoreFailure&) {
        return false;
      }
    });
    if (!answers) throw std::runtime_error("PostgreSQL does not start");
  }

  std::string folder_;
  pid_t process_ = 0;
  int databases_ = 0;
};

[[nodiscard]] inline TestServer& test_server() {
  static TestServer server;
  return server;
}

}  // namespace obleth::adapters
