// A server that does exactly what a test tells it, byte by byte, on a thread per connection. For tests.
#pragma once

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/ensure.hpp"

namespace obleth::adapters {

// One accepted connection, blocking.
class Conversation {
 public:
  Conversation(int fd, int number) : fd_(fd), number_(number) {
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  ~Conversation() {
    if (session_ != nullptr) SSL_free(session_);
    ::close(fd_);
  }
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  [[nodiscard]] int number() const { return number_; }  // 0: the first that was accepted

  // False when the client does not like what it sees.
  bool start_tls(SSL_CTX* settings) {
    session_ = SSL_new(settings);
    SSL_set_fd(session_, fd_);
    return SSL_accept(session_) == 1;
  }
  // Up to the blank line; empty when the client has gone.
  std::string read_head() { return read_through("\r\n\r\n"); }
  std::string read_through(std::string_view mark) {
    std::size_t at = received_.find(mark);
    while (at == std::string::npos) {
      if (!receive()) return {};
      at = received_.find(mark);
    }
    return take(at + mark.size());
  }
  std::string read_bytes(std::size_t count) {
    while (received_.size() < count) {
      if (!receive()) break;
    }
    return take(std::min(count, received_.size()));
  }
  // Head and a body of content-length.
  std::string read_request() {
    std::string request = read_head();
    const std::size_t at = request.find("Content-Length: ");
    std::size_t length = 0;
    if (at != std::string::npos) std::from_chars(request.data() + at + 16, request.data() + request.size(), length);
    return request + read_bytes(length);
  }
  void wait_until_closed() {
    while (receive()) {
    }
  }
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = session_ != nullptr ? SSL_write(session_, bytes.data(), static_cast<int>(bytes.size()))
                                            : ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  // TLS's own end, before the connection's.
  void end_tls() { SSL_shutdown(session_); }
  void reset() {
    const linger now{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }
  void wake() { ::shutdown(fd_, SHUT_RDWR); }

 private:
  bool receive() {
    std::array<char, 16384> bytes;
    const auto got = session_ != nullptr ? SSL_read(session_, bytes.data(), static_cast<int>(bytes.size()))
                                         : ::recv(fd_, bytes.data(), bytes.size(), 0);
    if (got <= 0) return false;
    received_.append(bytes.data(), static_cast<std::size_t>(got));
    return true;
  }
  std::string take(std::size_t count) {
    std::string taken = received_.substr(0, count);
    received_.erase(0, count);
    return taken;
  }

  int fd_;
  int number_;
  SSL* session_ = nullptr;
  std::string received_;
};

class ScriptedServer {
 public:
  // Run for every connection; when it returns, the connection is closed.
  using Script = std::function<void(Conversation&)>;

  explicit ScriptedServer(Script script) : script_(std::move(script)), fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    ensure(::bind(fd_, raw, length) == 0 && ::listen(fd_, 128) == 0, "a test server cannot listen");
    ::getsockname(fd_, raw, &length);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~ScriptedServer() {
    ::shutdown(fd_, SHUT_RDWR);
    acceptor_.join();
    {
      const std::scoped_lock lock(mutex_);
      for (Conversation* conversation : running_)
        conversation->wake();
    }
    for (std::thread& thread : threads_)
      thread.join();
    ::close(fd_);
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  void stop_accepting() { ::shutdown(fd_, SHUT_RDWR); }  // whoever connects is refused; what was accepted goes on
  [[nodiscard]] int accepted() const { return accepted_; }

 private:
  void accept_all() {
    while (true) {
      const int fd = ::accept(fd_, nullptr, nullptr);
      if (fd < 0) return;
      threads_.emplace_back([this, fd, number = accepted_++] { converse(fd, number); });
    }
  }
  void converse(int fd, int number) {
    Conversation conversation(fd, number);
    {
      const std::scoped_lock lock(mutex_);
      running_.push_back(&conversation);
    }
    script_(conversation);
    const std::scoped_lock lock(mutex_);
    std::erase(running_, &conversation);
  }

  const Script script_;
  const int fd_;
  std::uint16_t port_ = 0;
  std::atomic<int> accepted_{0};
  std::mutex mutex_;
  std::vector<Conversation*> running_;  // under mutex_
  std::vector<std::thread> threads_;    // the acceptor's, until it has been joined
  std::thread acceptor_;
};

}  // namespace obleth::adapters
