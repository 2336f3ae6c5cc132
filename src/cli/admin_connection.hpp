// One blocking connection to the Management API: TCP, or TLS for https (the system's authorities, host name checked).
//
// Used by one thread. wait_max is for each silence: of the connect, of a send, of a receive. How long a name is looked
// up is the system's.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"
#include "domain/upstream_address.hpp"

struct ssl_ctx_st;
struct ssl_st;

namespace obleth::cli {

class AdminConnection {
 public:
  // Fault: unreachable, naming the address.
  [[nodiscard]] static Result<AdminConnection> open(const UpstreamAddress& server, std::chrono::seconds wait_max);

  // Fault: broken where the server has closed, and may have said why before: that can be received yet.
  [[nodiscard]] Result<void> send(std::string_view bytes);
  // Appends what arrives to buffer; false at the end of the stream.
  [[nodiscard]] Result<bool> receive(std::string& buffer);

 private:
  struct FreeTls {
    void operator()(ssl_ctx_st* settings) const;
    void operator()(ssl_st* session) const;
  };
  class SocketOwner {
   public:
    SocketOwner() = default;
    explicit SocketOwner(int socket) : socket_(socket) {}
    SocketOwner(SocketOwner&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}
    SocketOwner& operator=(SocketOwner&& other) noexcept {
      std::swap(socket_, other.socket_);
      return *this;
    }
    ~SocketOwner();
    [[nodiscard]] int get() const { return socket_; }

   private:
    int socket_ = -1;
  };

  AdminConnection() = default;
  [[nodiscard]] Result<void> begin_tls(const std::string& host);

  std::string name_;  // host:port, for messages
  SocketOwner socket_;
  std::unique_ptr<ssl_ctx_st, FreeTls> tls_settings_;
  std::unique_ptr<ssl_st, FreeTls> tls_;
};

}  // namespace obleth::cli
