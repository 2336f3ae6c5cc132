// For the tests of this module: a small service, a server that runs it on a thread of its own, and a blunt client.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "adapters/http_server/http_server.hpp"
#include "adapters/os/process_limits.hpp"
#include "ports/loop.hpp"

namespace obleth::adapters::testing {

inline constexpr std::chrono::seconds patience{20};

// Answers by path. What it saw is read by the test after the client has its answer, or through the futures.
class PathService final : public ports::HttpService {
 public:
  Task<void> serve(ports::ClientExchange& exchange) override;
  void note_refused(const ports::RefusedHead& refused) override;

  struct Refused {
    std::string id;
    int status = 0;
    std::string error;
    std::string client_address;
  };
  std::vector<Refused> refused;  // on the loop
  std::atomic<int> served = 0;
  std::atomic<std::uint64_t> flooded_bytes = 0;
  std::promise<Duration> departed;    // /wait, /flood: the client left; how long after the last turn of the loop
  std::promise<void> flood_is_stuck;  // /flood: nothing more could be written for a while
  std::promise<void> waiting;         // /wait has begun

 private:
  Task<void> echo(ports::ClientExchange& exchange);
  Task<void> relay(ports::ClientExchange& exchange);
  Task<void> wait_for_departure(ports::ClientExchange& exchange);
  Task<void> flood(ports::ClientExchange& exchange);
};

class RunningServer {
 public:
  explicit RunningServer(HttpServerSettings settings = {}, std::shared_ptr<const TlsCredentials> tls = nullptr);
  ~RunningServer();

  [[nodiscard]] std::uint16_t port() const { return listener_->address().port(); }
  [[nodiscard]] HttpListener& listener() { return *listener_; }
  // Runs on the server's thread and waits for it.
  template <class Work>
  void on_loop(Work work) {
    std::promise<void> done;
    loop_->submit([&] {
      work(*server_);
      done.set_value();
    });
    done.get_future().get();
  }
  void await_connections(std::size_t count);

  PathService service;

 private:
  std::unique_ptr<HttpListener> listener_;
  EpollLoop* loop_ = nullptr;
  HttpServer* server_ = nullptr;
  std::thread thread_;
};

// Blocking, with patience; nothing is understood but lengths.
class BluntClient {
 public:
  explicit BluntClient(std::uint16_t port, int receive_buffer_bytes = 0);
  void send(std::string_view bytes) const;
  void finish_sending() const { ::shutdown(fd_.get(), SHUT_WR); }
  // Until that text has come (and everything that came with it), or the end.
  std::string read_until(std::string_view text);
  std::string read_to_end();
  // Exactly one answer with Content-Length.
  std::string read_answer();
  void reset_connection();
  void close() { fd_.reset(); }
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  [[nodiscard]] bool read_more();
  FileDescriptor fd_;
  std::string pending_;
};

inline std::string get(std::string_view path) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: here\r\n\r\n";
}
inline std::string post(std::string_view path, std::string_view body) {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: here\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + std::string(body);
}

}  // namespace obleth::adapters::testing
