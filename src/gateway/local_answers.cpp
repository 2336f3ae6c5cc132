#include "gateway/local_answers.hpp"

#include <optional>
#include <string>
#include <string_view>

#include "gateway/answer_headers.hpp"

namespace obleth::gateway {
namespace {

const std::string& body_of(const Settled& settled) {
  return settled.replayed ? settled.replayed->body : settled.unsent_body;
}

// A stream comes again as a stream: without a length, as it came first.
std::optional<std::uint64_t> length_of(const Settled& settled) {
  if (settled.replayed) {
    return settled.replayed->event_stream ? std::nullopt : std::optional<std::uint64_t>(settled.replayed->body.size());
  }
  return settled.unsent_body.empty() ? settled.content_length : settled.unsent_body.size();
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
    head_lines.append("Allow: ").append(received.route.methods).append(", OPTIONS\r\n");
  } else if (received.route.treatment == Treatment::health) {
    head_lines += "Content-Type: text/plain\r\n";
    body = "ok";
  } else {
    status = readiness.ready() ? 200 : 503;
    head_lines += "Content-Type: application/json\r\nCache-Control: no-store\r\n";
    body = readiness.detail_json();
  }
  const Result<void> started = co_await exchange.start(status, head_lines, body.size(), body);
  if (!started) co_return;
  const Result<void> finished = co_await exchange.finish({});
  static_cast<void>(finished);  // a client that left misses nothing that we keep
}

Task<void> send_rest(Settled&& settled) {
  ports::ClientExchange& exchange = *settled.exchange;
  if (settled.client_left) co_return;
  if (settled.ends_connection) exchange.close_after();
  std::string_view rest = settled.unsent_body;
  if (!exchange.started()) {
    const auto length = length_of(settled);
    const Result<void> started = co_await exchange.start(settled.status, settled.unsent_head, length, body_of(settled));
    if (!started) co_return;
    rest = {};
  } else if (!settled.ends_cleanly) {
    co_return;  // left unfinished, the connection is cut: the client sees that something is missing
  }
  const Result<void> finished = co_await exchange.finish(rest);
  static_cast<void>(finished);
}

}  // namespace obleth::gateway
