// Serves HTTP/1.1 on one event loop: accepts connections of a listener and gives each request to the service.
//
// One per loop and listener; data plane, admin and metrics are three of them. Where no more connections may be open,
// the one of this loop that has been idle for longest gives way to a new one. Thread: its loop's. Destroying it closes
// every connection at once.
#pragma once

#include <memory>
#include <vector>

#include "adapters/http_server/connection.hpp"
#include "adapters/http_server/http_listener.hpp"
#include "adapters/os/acceptor.hpp"
#include "ports/http_service.hpp"

namespace obleth::adapters {

class HttpServer final : private ConnectionTaker, private ConnectionOwner {
 public:
  static constexpr std::size_t exchanges_kept_max = 64;

  HttpServer(EpollLoop& loop, HttpListener& listener, ports::HttpService& service);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // No new connections; idle ones are closed, the others end with the answer under way.
  void drain();
  // The time is up: every connection is cut, every service hears of it by its exchange's departure().
  void close_all();
  [[nodiscard]] std::size_t connections() const { return idle_.size() + busy_.size(); }

 private:
  void take(Accepted accepted) override;
  [[nodiscard]] ports::HttpService& service() override { return service_; }
  [[nodiscard]] std::unique_ptr<Exchange> take_exchange() override;
  void give_exchange(std::unique_ptr<Exchange> exchange) override;
  [[nodiscard]] bool is_draining() const override { return draining_; }
  void note_idle(Connection& connection, bool idle) override;
  void end(Connection& connection) override;
  void refuse(const Accepted& accepted);
  [[nodiscard]] bool make_room();
  void leave(const Connection& connection);

  EpollLoop& loop_;
  HttpListener& listener_;
  ports::HttpService& service_;
  bool draining_ = false;
  ServerShare share_;
  std::vector<std::unique_ptr<Exchange>> free_exchanges_;
  Connections busy_;
  Connections idle_;  // the one that has been so for longest first
  Acceptor acceptor_;
};

}  // namespace obleth::adapters
