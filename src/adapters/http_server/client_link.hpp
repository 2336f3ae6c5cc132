// The byte side of one client connection: its socket, what arrived, and the news that the client left.
//
// Thread: the connection's. Small: an idle connection holds nothing more.
#pragma once

#include <memory>

#include "adapters/http_server/answer_head.hpp"
#include "adapters/http_server/http_listener.hpp"
#include "adapters/http_server/inflow.hpp"
#include "adapters/os/socket.hpp"
#include "base/cancel_signal.hpp"

namespace obleth::adapters {

// What the connections of one server share. Thread: their loop's.
struct ServerShare {
  const HttpListener& listener;
  ReadBuffers buffers = {};
  DateLine date_line = {};
};

struct ClientLink {
  ClientLink(ServerShare& of, std::unique_ptr<Socket> on, const NetAddress& from)
      : share(of), socket(std::move(on)), inflow(of.buffers), peer(from) {}

  [[nodiscard]] EpollLoop& loop() const { return socket->loop(); }
  [[nodiscard]] const HttpServerSettings& settings() const { return share.listener.settings(); }

  ServerShare& share;
  CancelSignal departure;  // outlives the socket, which fires it
  std::unique_ptr<Socket> socket;
  Inflow inflow;
  NetAddress peer;  // what the PROXY protocol said, where it is believed
};

}  // namespace obleth::adapters
