#include "adapters/http_server/connection.hpp"

#include <array>
#include <utility>

#include "adapters/http_server/proxy_protocol.hpp"
#include "adapters/http_server/refusal.hpp"
#include "adapters/os/system_entropy.hpp"
#include "adapters/os/tls_socket.hpp"

namespace obleth::adapters {

Connection::Connection(ConnectionOwner& owner, ServerShare& share, std::unique_ptr<Socket> socket,
                       const NetAddress& peer)
    : owner_(owner), entered_as_(peer), link_(share, std::move(socket), peer) {}

Connection::~Connection() = default;

void Connection::start() {
  task_ = serve_all();
}

void Connection::close_if_idle() {
  if (!idle_) return;
  set_idle(false);
  link_.socket->close();
}

void Connection::set_idle(bool idle) {
  if (idle_ == idle) return;
  idle_ = idle;
  owner_.note_idle(*this, idle);
}

void Connection::close_now() {
  link_.socket->close();
  if (!link_.departure.fired()) link_.departure.fire();
}

void Connection::release_exchange() {
  if (exchange_ != nullptr) owner_.give_exchange(std::move(exchange_));
}

RootTask Connection::serve_all() {
  bool goes_on = co_await open();
  while (goes_on) {
    goes_on = co_await await_request();
    if (!goes_on) break;
    co_await owner_.service().serve(*exchange_);
    goes_on = co_await end_request();
    release_exchange();
  }
  release_exchange();
  link_.socket->close();
  link_.loop().run_soon(*this);
}

Task<bool> Connection::open() {
  link_.socket->signal_hangup(&link_.departure);
  const Instant deadline = link_.loop().now() + link_.settings().header_timeout;
  if (link_.share.listener.trusts(link_.peer)) {
    const bool read = co_await read_proxy_line(deadline);
    if (!read) co_return false;
  }
  if (link_.socket->is_tls()) {
    auto& tls_socket = static_cast<TlsSocket&>(*link_.socket);
    const Result<void> shaken = co_await tls_socket.handshake(deadline);
    co_return shaken.has_value();
  }
  co_return true;
}

// In the clear, before TLS begins: looked at first and taken away exactly, so that no byte of the session is lost.
Task<bool> Connection::read_proxy_line(Instant deadline) {
  std::string looked_at(proxy_header_bytes_max, '\0');
  while (true) {
    const WaitOutcome waited = co_await link_.socket->readable(deadline);
    if (waited != WaitOutcome::ready) co_return false;
    const IoOutcome seen = link_.socket->peek(looked_at);
    if (seen.state == IoState::would_block) continue;
    if (seen.state != IoState::moved) co_return false;
    const ProxyHeaderOutcome outcome = read_proxy_header(std::string_view(looked_at).substr(0, seen.bytes));
    if (const auto* header = std::get_if<ProxyHeader>(&outcome)) {
      link_.socket->discard(header->bytes);
      if (header->client) link_.peer = *header->client;
      co_return true;
    }
    if (std::holds_alternative<NoProxyHeader>(outcome)) {
      link_.socket->discard(0);
      co_return true;
    }
    if (std::holds_alternative<BadProxyHeader>(outcome) || link_.socket->hung_up()) co_return false;
  }
}

// The wait of an idle connection. False: it ends, without a word.
Task<bool> Connection::await_bytes() {
  const Instant deadline = link_.loop().now() + link_.settings().idle_timeout;
  while (link_.inflow.empty()) {
    if (owner_.is_draining()) co_return false;
    set_idle(true);
    const WaitOutcome waited = co_await link_.socket->readable(deadline);
    set_idle(false);
    if (waited != WaitOutcome::ready) co_return false;
    const IoOutcome got = link_.inflow.read(*link_.socket);
    if (got.state == IoState::ended || got.state == IoState::failed) co_return false;
  }
  co_return true;
}

Task<bool> Connection::await_request() {
  if (link_.inflow.empty()) {
    const bool came = co_await await_bytes();
    if (!came) co_return false;
  } else {
    // A pipelined request: the other connections have their turn first.
    co_await NextTurn(link_.loop());
  }
  exchange_ = owner_.take_exchange();
  exchange_->begin(link_);
  const Instant deadline = link_.loop().now() + link_.settings().header_timeout;
  while (true) {
    const wire::HeadOutcome outcome = exchange_->take_head();
    if (std::holds_alternative<wire::ParsedHead>(outcome)) co_return true;
    if (const auto* fault = std::get_if<wire::HeadFault>(&outcome)) {
      co_await refuse(fault->status, fault->message);
      co_return false;
    }
    if (!link_.inflow.empty()) continue;  // an empty line came first
    link_.inflow.settle();
    const WaitOutcome waited = co_await link_.socket->readable(deadline);
    if (waited == WaitOutcome::timed_out) {
      co_await refuse(408, "The request head did not arrive in time.");
      co_return false;
    }
    const IoOutcome got = link_.inflow.read(*link_.socket);
    if (got.state == IoState::ended || got.state == IoState::failed) co_return false;
  }
}

// True: the connection takes the next request.
Task<bool> Connection::end_request() {
  if (!exchange_->finished()) {
    const bool never_answered = !exchange_->started() && !exchange_->broken() && !link_.departure.fired();
    if (never_answered) co_await refuse(500, "The request was left without an answer.");
    co_return false;
  }
  bool body_done = exchange_->body().is_done();
  if (!body_done) {
    body_done = co_await skip_body();
  }
  if (body_done && exchange_->keeps_alive() && !link_.socket->hung_up()) {
    link_.inflow.settle();
    co_return true;
  }
  // Closing with unread bytes makes the kernel send a reset, which may overtake the answer.
  const bool all_read = body_done && link_.inflow.empty() && link_.socket->is_quiet();
  if (!all_read) co_await linger();
  co_return false;
}

// Reads past what the service left of the body, within the bounds of lingering.
Task<bool> Connection::skip_body() {
  RequestBody& body = exchange_->body();
  const Instant deadline = link_.loop().now() + link_.settings().linger_max;
  std::uint64_t skipped = 0;
  while (exchange_->keeps_alive() && skipped <= link_.settings().linger_bytes_max) {
    skipped += body.skip(link_.inflow);
    if (body.is_done()) co_return true;
    if (body.state() != RequestBody::State::more) co_return false;
    const WaitOutcome waited = co_await link_.socket->readable(deadline);
    if (waited != WaitOutcome::ready) co_return false;
    const IoOutcome got = link_.inflow.read(*link_.socket);
    if (got.state == IoState::ended || got.state == IoState::failed) co_return false;
  }
  co_return false;
}

Task<void> Connection::refuse(int status, std::string_view message) {
  SystemEntropy entropy;
  const Bits128 id = entropy.bits128();
  const std::string client_address = link_.peer.host_text();
  owner_.service().note_refused({id, status, refusal_name(status), message, client_address});
  const Addressee client{to_hex32(id), exchange_->client_request_id(), exchange_->error_dialect()};
  const std::string answer = refusal_answer(status, message, client);
  const std::array<std::string_view, 1> pieces = {answer};
  const WriteOutcome sent = co_await link_.socket->write_all(pieces, link_.settings().linger_max, &link_.departure);
  if (sent == WriteOutcome::sent) co_await linger();
}

// Says that no more will come, and throws away what the client still sends until it has read that.
Task<void> Connection::linger() {
  link_.socket->shutdown_write();
  const Instant deadline = link_.loop().now() + link_.settings().linger_max;
  std::uint64_t dropped = link_.inflow.bytes().size();
  link_.inflow.drop();
  while (dropped <= link_.settings().linger_bytes_max) {
    link_.inflow.settle();
    const WaitOutcome waited = co_await link_.socket->readable(deadline);
    if (waited != WaitOutcome::ready) co_return;
    const IoOutcome got = link_.inflow.read(*link_.socket);
    if (got.state == IoState::ended || got.state == IoState::failed) co_return;
    dropped += got.bytes;
    link_.inflow.drop();
  }
  // No more is read of it, and nothing is closed before the client has had the time to look at its answer.
  static_cast<void>(co_await ports::Pause(link_.loop(), deadline, &link_.departure));
}

}  // namespace obleth::adapters
