// One client connection: requests one after another, until either side has had enough. Thread: its loop's.
//
// Owned by its server. It is one coroutine; while it waits for a request it holds no buffer and no exchange.
#pragma once

#include <list>
#include <memory>

#include "adapters/http_server/client_link.hpp"
#include "adapters/http_server/exchange.hpp"
#include "adapters/os/loop_item.hpp"
#include "adapters/os/root_task.hpp"
#include "base/task.hpp"
#include "ports/http_service.hpp"

namespace obleth::adapters {

class Connection;
using Connections = std::list<std::unique_ptr<Connection>>;

// What a connection needs of its server.
class ConnectionOwner {
 public:
  [[nodiscard]] virtual ports::HttpService& service() = 0;
  [[nodiscard]] virtual std::unique_ptr<Exchange> take_exchange() = 0;
  virtual void give_exchange(std::unique_ptr<Exchange> exchange) = 0;
  // Answers stop here: a connection without a request ends.
  [[nodiscard]] virtual bool is_draining() const = 0;
  // It waits for a request from here on, or no longer.
  virtual void note_idle(Connection& connection, bool idle) = 0;
  // Destroys the connection, which is not idle. Called from the loop, never from within the connection's own coroutine.
  virtual void end(Connection& connection) = 0;

 protected:
  ~ConnectionOwner() = default;
};

class Connection final : private LoopItem {
 public:
  Connection(ConnectionOwner& owner, ServerShare& share, std::unique_ptr<Socket> socket, const NetAddress& peer);
  ~Connection();

  void start();
  void close_if_idle();
  // The service hears that the client is gone, and nothing more is sent.
  void close_now();

  [[nodiscard]] const NetAddress& entered_as() const { return entered_as_; }
  // The owner's.
  Connections::iterator place;
  bool gave_way = false;  // it counts no more

 private:
  [[nodiscard]] RootTask serve_all();
  [[nodiscard]] Task<bool> open();
  [[nodiscard]] Task<bool> read_proxy_line(Instant deadline);
  [[nodiscard]] Task<bool> await_bytes();
  [[nodiscard]] Task<bool> await_request();
  [[nodiscard]] Task<bool> end_request();
  [[nodiscard]] Task<bool> skip_body();
  // message: static text.
  [[nodiscard]] Task<void> refuse(int status, std::string_view message);
  [[nodiscard]] Task<void> linger();
  void release_exchange();
  void set_idle(bool idle);
  void run() override { owner_.end(*this); }

  ConnectionOwner& owner_;
  NetAddress entered_as_;
  ClientLink link_;
  std::unique_ptr<Exchange> exchange_;
  bool idle_ = false;
  RootTask task_;  // destroyed first: its frames refer to what stands above
};

}  // namespace obleth::adapters
