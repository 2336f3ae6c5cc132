#include "gateway/local_answers.hpp"

#include <string>

#include "gateway/answer_headers.hpp"

namespace obleth::gateway {
namespace {

Task<void> send_whole(ports::ClientExchange& exchange, int status, std::string head_lines, std::string body) {
  const Result<void> started = co_await exchange.start(status, head_lines, body.size(), body);
  if (!started) co_return;
  const Result<void> finished = co_await exchange.finish({});
  static_cast<void>(finished);  // a client that left misses nothing that we keep
}

}  // namespace

bool is_preflight(const RequestHead& head) {
  return head.method == "OPTIONS";
}

Task<void> answer_preflight(ports::ClientExchange& exchange, const Policy& policy) {
  std::string head_lines = "Allow: GET, HEAD, POST, OPTIONS\r\n";
  append_cross_origin(head_lines, exchange.head(), policy);
  co_await send_whole(exchange, 204, std::move(head_lines), {});
}

Task<void> answer_health(ports::ClientExchange& exchange, bool readiness_asked, const observe::Readiness& readiness) {
  if (!readiness_asked) {
    co_await send_whole(exchange, 200, "Content-Type: text/plain\r\n", "ok");
    co_return;
  }
  const int status = readiness.ready() ? 200 : 503;
  co_await send_whole(exchange, status, "Content-Type: application/json\r\nCache-Control: no-store\r\n",
                      readiness.detail_json());
}

Task<void> send_rest(Settled settled) {
  ports::ClientExchange& exchange = *settled.exchange;
  if (settled.client_left) co_return;
  if (settled.ends_connection) exchange.close_after();
  if (!exchange.started()) {
    co_await send_whole(exchange, settled.status, std::move(settled.unsent_head), std::move(settled.unsent_body));
    co_return;
  }
  // Left unfinished, the connection is cut: the client sees that something is missing.
  if (!settled.ends_cleanly) co_return;
  const Result<void> finished = co_await exchange.finish(settled.unsent_body);
  static_cast<void>(finished);
}

}  // namespace obleth::gateway
