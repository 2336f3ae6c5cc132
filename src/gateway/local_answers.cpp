#include "gateway/local_answers.hpp"

#include <optional>
#include <string>
#include <utility>

#include "gateway/answer_headers.hpp"

namespace obleth::gateway {
namespace {

Task<void> send_whole(ports::ClientExchange& exchange, int status, std::string head_lines, std::string body,
                      std::optional<std::uint64_t> content_length) {
  const Result<void> started = co_await exchange.start(status, head_lines, content_length, body);
  if (!started) co_return;
  const Result<void> finished = co_await exchange.finish({});
  static_cast<void>(finished);  // a client that left misses nothing that we keep
}

// A stream comes again as a stream: without a length, as it came first.
Task<void> send_replay(Settled&& settled) {
  const ports::KeptAnswer& kept = *settled.replayed;
  const auto length = kept.event_stream ? std::nullopt : std::optional<std::uint64_t>(kept.body.size());
  const Result<void> started = co_await settled.exchange->start(settled.status, settled.unsent_head, length, kept.body);
  if (!started) co_return;
  const Result<void> finished = co_await settled.exchange->finish({});
  static_cast<void>(finished);
}

}  // namespace

bool needs_no_key(Treatment treatment) {
  return treatment == Treatment::options || treatment == Treatment::health || treatment == Treatment::ready;
}

Task<void> answer_alone(const Received& received, const Policy& policy, const observe::Readiness& readiness) {
  ports::ClientExchange& exchange = *received.exchange;
  std::string head_lines;
  append_request_ids(head_lines, *received.record);
  append_cross_origin(head_lines, exchange.head(), policy);
  int status = 200;
  std::string body;
  if (received.route.treatment == Treatment::options) {
    status = 204;
    head_lines += "Allow: GET, HEAD, POST, OPTIONS\r\n";
  } else if (received.route.treatment == Treatment::health) {
    head_lines += "Content-Type: text/plain\r\n";
    body = "ok";
  } else {
    status = readiness.ready() ? 200 : 503;
    head_lines += "Content-Type: application/json\r\nCache-Control: no-store\r\n";
    body = readiness.detail_json();
  }
  const std::uint64_t length = body.size();
  co_await send_whole(exchange, status, std::move(head_lines), std::move(body), length);
}

Task<void> send_rest(Settled&& settled) {
  ports::ClientExchange& exchange = *settled.exchange;
  if (settled.client_left) co_return;
  if (settled.replayed) {
    co_await send_replay(std::move(settled));
    co_return;
  }
  if (settled.ends_connection) exchange.close_after();
  if (!exchange.started()) {
    std::string& body = settled.unsent_body;
    const auto length = body.empty() ? settled.content_length : std::optional<std::uint64_t>(body.size());
    co_await send_whole(exchange, settled.status, std::move(settled.unsent_head), std::move(body), length);
    co_return;
  }
  // Left unfinished, the connection is cut: the client sees that something is missing.
  if (!settled.ends_cleanly) co_return;
  const Result<void> finished = co_await exchange.finish(settled.unsent_body);
  static_cast<void>(finished);
}

}  // namespace obleth::gateway
