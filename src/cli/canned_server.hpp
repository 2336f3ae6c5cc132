// For tests: a Management API that answers what it was told to, and remembers what it was asked.
//
// Listens on a port of its own on 127.0.0.1. Thread: serves on one of its own; ask it after the command has ended.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace obleth::cli {

class CannedServer {
 public:
  CannedServer() : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (bind(listener_, generic, length) != 0 || listen(listener_, 8) != 0) throw std::runtime_error("cannot listen");
    getsockname(listener_, generic, &length);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~CannedServer() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }
  CannedServer(const CannedServer&) = delete;
  CannedServer& operator=(const CannedServer&) = delete;

  // what: "GET /api/v1/tenants?limit=500", answered with this whole response. Before the command runs.
  void answer(const std::string& what, std::string response) { answers_[what] = std::move(response); }
  void answer_json(const std::string& what, const std::string& body, const std::string& status = "200 OK") {
    answer(what, "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  }
  // The same, said as soon as the head is there; the connection closes on the rest.
  void answer_head_with_json(const std::string& what, const std::string& body, const std::string& status) {
    answer_json(what, body, status);
    asked_by_head_.insert(what);
  }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  // Whole requests, in order.
  [[nodiscard]] const std::vector<std::string>& asked() const { return asked_; }

 private:
  void serve() {
    for (;;) {
      const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) return;
      const std::string request = receive(client);
      asked_.push_back(request);
      const auto found = answers_.find(request.substr(0, request.find(" HTTP/1.1")));
      const std::string none = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
      const std::string& response = found == answers_.end() ? none : found->second;
      send(client, response.data(), response.size(), MSG_NOSIGNAL);
      close(client);
    }
  }

  std::string receive(int client) {
    std::string bytes;
    std::array<char, 4096> piece;
    while (!is_complete(bytes)) {
      const ssize_t got = recv(client, piece.data(), piece.size(), 0);
      if (got <= 0) break;
      bytes.append(piece.data(), static_cast<std::size_t>(got));
    }
    return bytes;
  }

  [[nodiscard]] bool is_complete(const std::string& bytes) const {
    const std::size_t end = bytes.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    if (asked_by_head_.contains(bytes.substr(0, bytes.find(" HTTP/1.1")))) return true;
    const std::size_t length = bytes.find("Content-Length: ");
    const std::size_t body = length < end ? std::stoul(bytes.substr(length + 16)) : 0;
    return bytes.size() >= end + 4 + body;
  }

  int listener_;
  int port_ = 0;
  std::map<std::string, std::string> answers_;
  std::set<std::string> asked_by_head_;
  std::vector<std::string> asked_;
  std::thread thread_;
};

}  // namespace obleth::cli
