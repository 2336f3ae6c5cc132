#include "adapters/http_server/http_server.hpp"

#include <sys/socket.h>

#include <string>
#include <utility>

#include "adapters/http_server/refusal.hpp"
#include "adapters/os/system_entropy.hpp"
#include "adapters/os/tls_socket.hpp"

namespace obleth::adapters {
HttpServer::HttpServer(EpollLoop& loop, HttpListener& listener, ports::HttpService& service)
    : loop_(loop),
      listener_(listener),
      service_(service),
      share_{listener},
      acceptor_(loop, listener.take_socket(), *this) {}

HttpServer::~HttpServer() {
  for (const Connections* const list : {&busy_, &idle_}) {
    for (const std::unique_ptr<Connection>& connection : *list)
      leave(*connection);
  }
}

void HttpServer::take(Accepted accepted) {
  const TlsCredentials* const tls = listener_.tls();
  bool entered = listener_.enter(accepted.peer);
  if (!entered && listener_.is_full() && make_room()) entered = listener_.enter(accepted.peer);
  if (!entered) {
    listener_.note_refused();
    if (tls == nullptr) refuse(accepted);  // a TLS client just sees the end
    return;
  }
  std::unique_ptr<Socket> socket;
  if (tls == nullptr) {
    socket = std::make_unique<Socket>(loop_, std::move(accepted.fd));
  } else {
    socket = std::make_unique<TlsSocket>(loop_, std::move(accepted.fd), *tls);
  }
  ConnectionOwner& owner = *this;
  auto made = std::make_unique<Connection>(owner, share_, std::move(socket), accepted.peer);
  Connection& connection = *made;
  connection.place = busy_.insert(busy_.end(), std::move(made));
  connection.start();
}

// As good as it can be without a connection to wait on.
void HttpServer::refuse(const Accepted& accepted) {
  constexpr int status = 503;
  constexpr std::string_view message = "Too many connections are open: try again soon.";
  SystemEntropy entropy;
  const Bits128 id = entropy.bits128();
  const std::string client_address = accepted.peer.host_text();
  service_.note_refused({id, status, refusal_name(status), message, client_address});
  const std::string answer = refusal_answer(status, message, {to_hex32(id)});
  [[maybe_unused]] const ssize_t sent =
      ::send(accepted.fd.get(), answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  ::shutdown(accepted.fd.get(), SHUT_WR);
}

// Closed at once, but destroyed in the loop's next turn.
bool HttpServer::make_room() {
  if (idle_.empty()) return false;
  Connection& oldest = *idle_.front();
  oldest.close_if_idle();
  leave(oldest);
  oldest.gave_way = true;
  return true;
}

void HttpServer::leave(const Connection& connection) {
  if (!connection.gave_way) listener_.leave(connection.entered_as());
}

std::unique_ptr<Exchange> HttpServer::take_exchange() {
  if (free_exchanges_.empty()) return std::make_unique_for_overwrite<Exchange>();
  std::unique_ptr<Exchange> exchange = std::move(free_exchanges_.back());
  free_exchanges_.pop_back();
  return exchange;
}

void HttpServer::give_exchange(std::unique_ptr<Exchange> exchange) {
  if (free_exchanges_.size() < exchanges_kept_max) free_exchanges_.push_back(std::move(exchange));
}

void HttpServer::note_idle(Connection& connection, bool idle) {
  Connections& from = idle ? busy_ : idle_;
  Connections& to = idle ? idle_ : busy_;
  to.splice(to.end(), from, connection.place);
}

void HttpServer::end(Connection& connection) {
  leave(connection);
  busy_.erase(connection.place);
}

void HttpServer::drain() {
  draining_ = true;
  listener_.announce_closing();
  acceptor_.stop();
  while (!idle_.empty())
    idle_.front()->close_if_idle();
}

void HttpServer::close_all() {
  drain();
  // None is destroyed meanwhile: that happens in the loop's next turn.
  for (const std::unique_ptr<Connection>& connection : busy_)
    connection->close_now();
}

}  // namespace obleth::adapters
