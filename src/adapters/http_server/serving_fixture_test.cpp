#include "adapters/http_server/serving_fixture.hpp"

#include <netinet/tcp.h>

#include <algorithm>

namespace obleth::adapters::testing {

Task<void> PathService::serve(ports::ClientExchange& exchange) {
  ++served;
  const std::string_view path = exchange.head().target;
  if (path == "/echo") return echo(exchange);
  if (path == "/relay") return relay(exchange);
  if (path == "/wait") return wait_for_departure(exchange);
  if (path == "/flood") return flood(exchange);
  return [](ports::ClientExchange& asked, std::string_view about) -> Task<void> {
    Result<void> sent;
    if (about == "/silent") co_return;
    if (about == "/pieces") {
      sent = co_await asked.start(200, "", std::nullopt, "one ");
      asked.forget_head();
      sent = co_await asked.write("two ");
      sent = co_await asked.finish("three");
    } else if (about == "/refuse") {
      sent = co_await asked.start(413, "x-why: too large\r\n", 7, "refused");
      sent = co_await asked.finish("");
    } else if (about == "/empty") {
      sent = co_await asked.start(204, "", std::nullopt, "");
      sent = co_await asked.finish("");
    } else if (about == "/address") {
      const std::string_view address = asked.client_address();
      sent = co_await asked.start(200, "", address.size(), address);
      sent = co_await asked.finish("");
    } else if (about == "/short") {
      sent = co_await asked.start(200, "", 10, "short");
      sent = co_await asked.finish("");
    } else {
      sent = co_await asked.start(200, "x-test: yes\r\n", 5, "hello");
      sent = co_await asked.finish("");
    }
  }(exchange, path);
}

Task<void> PathService::echo(ports::ClientExchange& exchange) {
  std::string body;
  if (exchange.head().fields.find("x-limit")) exchange.limit_body(10);
  while (true) {
    Result<std::string_view> piece = co_await exchange.read_body();
    Result<void> sent;
    if (!piece) {
      const FaultKind kind = piece.error().kind;
      const int status = kind == FaultKind::too_large ? 413 : kind == FaultKind::timed_out ? 408 : 400;
      if (kind == FaultKind::broken) co_return;
      sent = co_await exchange.start(status, "", piece.error().message.size(), piece.error().message);
      sent = co_await exchange.finish("");
      co_return;
    }
    if (piece->empty()) break;
    body += *piece;
  }
  Result<void> sent = co_await exchange.start(200, "", body.size(), body);
  if (!sent) co_return;
  sent = co_await exchange.finish("");
}

void PathService::note_refused(const ports::RefusedHead& head) {
  refused.push_back({to_hex32(head.id), head.status, std::string(head.error), std::string(head.client_address)});
}

Task<void> PathService::relay(ports::ClientExchange& exchange) {
  Result<void> sent = co_await exchange.start(200, "", std::nullopt, "");
  while (sent) {
    Result<std::string_view> piece = co_await exchange.read_body();
    if (!piece) co_return;
    if (piece->empty()) break;
    sent = co_await exchange.write(*piece);
  }
  if (sent) sent = co_await exchange.finish("");
}

Task<void> PathService::wait_for_departure(ports::ClientExchange& exchange) {
  ports::Loop& loop = *ports::Loop::current();
  waiting.set_value();
  const bool came = co_await ports::Pause(loop, loop.now() + patience, &exchange.departure());
  if (!came) departed.set_value(loop.refresh_now() - loop.now());
}

Task<void> PathService::flood(ports::ClientExchange& exchange) {
  const std::string piece(16 * 1024, 'f');
  Result<void> sent = co_await exchange.start(200, "", std::nullopt, "");
  while (sent) {
    sent = co_await exchange.write(piece);
    if (sent) flooded_bytes += piece.size();
  }
  departed.set_value(Duration::zero());
}

RunningServer::RunningServer(HttpServerSettings settings, std::shared_ptr<const TlsCredentials> tls) {
  ignore_write_signals();
  settings.address = *NetAddress::parse("127.0.0.1", 0);
  listener_ = std::move(*HttpListener::open(std::move(settings), std::move(tls)));
  std::promise<void> runs;
  thread_ = std::thread([this, &runs] {
    EpollLoop loop;
    HttpServer server(loop, *listener_, service);
    loop_ = &loop;
    server_ = &server;
    runs.set_value();
    loop.run();
  });
  runs.get_future().get();
}

RunningServer::~RunningServer() {
  loop_->stop();
  thread_.join();
  EXPECT_EQ(listener_->open_connections(), 0U);
}

void RunningServer::await_connections(std::size_t count) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (listener_->open_connections() != count && std::chrono::steady_clock::now() < until)
    std::this_thread::yield();
  EXPECT_EQ(listener_->open_connections(), count);
}

BluntClient::BluntClient(std::uint16_t port, int receive_buffer_bytes) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
  if (receive_buffer_bytes > 0) {
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof receive_buffer_bytes);
  }
  const int at_once = 1;
  ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
  const timeval limit{.tv_sec = patience.count(), .tv_usec = 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  const NetAddress::Raw raw = NetAddress::parse("127.0.0.1", port)->raw();
  EXPECT_EQ(::connect(fd_.get(), raw.get(), raw.length), 0);
}

void BluntClient::send(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

bool BluntClient::read_more() {
  std::string room(64 * 1024, '\0');
  const ssize_t got = ::recv(fd_.get(), room.data(), room.size(), 0);
  if (got <= 0) return false;
  pending_.append(room, 0, static_cast<std::size_t>(got));
  return true;
}

std::string BluntClient::read_until(std::string_view text) {
  while (pending_.find(text) == std::string::npos && read_more()) {
  }
  return std::exchange(pending_, {});
}

std::string BluntClient::read_to_end() {
  while (read_more()) {
  }
  return std::exchange(pending_, {});
}

std::string BluntClient::read_answer() {
  while (pending_.find("\r\n\r\n") == std::string::npos) {
    if (!read_more()) return std::exchange(pending_, {});
  }
  const std::size_t head = pending_.find("\r\n\r\n") + 4;
  const std::size_t length_at = pending_.find("Content-Length: ");
  std::size_t whole = head;
  if (length_at < head) whole += std::stoul(pending_.substr(length_at + 16, 20));
  while (pending_.size() < whole && read_more()) {
  }
  std::string answer = pending_.substr(0, whole);
  pending_.erase(0, whole);
  return answer;
}

void BluntClient::reset_connection() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  fd_.reset();
}

}  // namespace obleth::adapters::testing
