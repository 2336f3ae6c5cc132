#include "adapters/redis/redis_process_test.hpp"

#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

extern char** environ;  // NOLINT: POSIX

namespace obleth::adapters::testing {

int free_port() {
  const FileDescriptor fd(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), length), 0);
  EXPECT_EQ(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &length), 0);
  return ntohs(address.sin_port);
}

void turn_until(EpollLoop& loop, const std::function<bool()>& holds) {
  const Instant end = loop.refresh_now() + patience;
  while (!holds()) {
    ASSERT_LT(loop.refresh_now(), end) << "patience is over";
    loop.turn(std::chrono::milliseconds(20));
  }
}

RedisProcess::RedisProcess(std::vector<std::string> options) : options_(std::move(options)) {
  folder_ = "/tmp/obleth_redis_XXXXXX";
  EXPECT_NE(::mkdtemp(folder_.data()), nullptr);
  port_ = free_port();
  start();
}

RedisProcess::RedisProcess(WatchedMaster watched) : is_sentinel_(true) {
  folder_ = "/tmp/obleth_redis_XXXXXX";
  EXPECT_NE(::mkdtemp(folder_.data()), nullptr);
  port_ = free_port();
  std::ofstream(folder_ + "/sentinel.conf")
      << "port " << port_ << "\nbind 127.0.0.1\ndir " << folder_ << "\nlogfile " << folder_ << "/log\n"
      << "sentinel monitor " << watched.name << " 127.0.0.1 " << watched.port << " 1\n"
      << "sentinel down-after-milliseconds " << watched.name << " 500\n"
      << "sentinel failover-timeout " << watched.name << " 2000\n";
  start();
}

RedisProcess::~RedisProcess() {
  kill();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void RedisProcess::start() {
  std::vector<std::string> words{
      "redis-server", "--port", std::to_string(port_), "--bind",        "127.0.0.1", "--dir", folder_,
      "--save",       "",       "--logfile",           folder_ + "/log"};
  if (is_sentinel_) words = {"redis-server", folder_ + "/sentinel.conf", "--sentinel"};
  words.insert(words.end(), options_.begin(), options_.end());
  std::vector<char*> arguments;
  for (std::string& word : words)
    arguments.push_back(word.data());
  arguments.push_back(nullptr);
  ASSERT_EQ(::posix_spawnp(&pid_, "redis-server", nullptr, nullptr, arguments.data(), environ), 0);
  LinkFloor floor;
  const auto port = static_cast<std::uint16_t>(port_);
  turn_until(floor.loop, [&] {
    const DialLimits limits{floor.loop.now() + std::chrono::seconds(1)};
    const std::string host = "127.0.0.1";
    return run_on(floor.loop, floor.dialer.dial(floor.loop, host, port, false, limits)).has_value();
  });
}

void RedisProcess::kill() {
  if (pid_ == 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

void RedisProcess::pause() {
  ::kill(pid_, SIGSTOP);
}

void RedisProcess::go_on() {
  ::kill(pid_, SIGCONT);
}

RedisSettings RedisProcess::settings() const {
  RedisSettings made;
  made.address.at = {"127.0.0.1", static_cast<std::uint16_t>(port_)};
  made.call_max = patience;  // a slow machine is no fault; tests of the deadline set it
  return made;
}

RedisReply RedisProcess::ask(std::vector<std::string> words) {
  return ask(Secret(), std::move(words));
}

RedisReply RedisProcess::ask(const Secret& password, std::vector<std::string> words) {
  LinkFloor floor;
  const Instant deadline = floor.loop.now() + patience;
  const std::string host = "127.0.0.1";
  auto socket = run_on(
      floor.loop, floor.dialer.dial(floor.loop, host, static_cast<std::uint16_t>(port_), false, DialLimits{deadline}));
  if (!socket) {
    ADD_FAILURE() << socket.error().message;
    return {};
  }
  RedisSession session(std::move(*socket));
  std::vector<std::vector<std::string>> commands;
  if (!password.empty()) commands.push_back({"AUTH", std::string(password.reveal())});
  commands.push_back(std::move(words));
  auto replies = run_on(floor.loop, session.ask_all(std::move(commands), deadline));
  if (replies) return std::move(replies->back());
  ADD_FAILURE() << replies.error().message;
  return {};
}

}  // namespace obleth::adapters::testing
