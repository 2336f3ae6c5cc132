#include "mock/reply.hpp"

#include <algorithm>

#include "mock/json_text.hpp"

namespace obleth::mock {
namespace {

constexpr std::uint64_t reserved_bytes_max = 1024 * 1024;  // a length that is only announced costs no more than this

std::string_view openai_type(int status) {
  if (status >= 500) return "server_error";
  return status == 429 ? "requests" : "invalid_request_error";
}

std::string_view anthropic_type(int status) {
  if (status == 529) return "overloaded_error";
  if (status >= 500) return "api_error";
  return status == 429 ? "rate_limit_error" : "invalid_request_error";
}

}  // namespace

Reply error_reply(Dialect dialect, int status, std::string_view message, std::string_view param) {
  Reply reply;
  reply.status = status;
  if (dialect == Dialect::messages || dialect == Dialect::count_tokens) {
    write_parts(reply.body, R"({"type":"error","error":{"type":")", anthropic_type(status), R"(","message":)",
                quoted(message), "}}");
    return reply;
  }
  write_parts(reply.body, R"({"error":{"message":)", quoted(message), R"(,"type":")", openai_type(status),
              R"(","param":)", param.empty() ? "null" : quoted(param), R"(,"code":null}})");
  return reply;
}

Task<void> send_reply(ports::ClientExchange& exchange, const Reply& reply) {
  std::string lines;
  write_parts(lines, "content-type: ", reply.content_type, "\r\n", reply.more_lines);
  auto started = co_await exchange.start(reply.status, lines, reply.body.size(), reply.body);
  if (!started) co_return;
  auto finished = co_await exchange.finish({});
  static_cast<void>(finished);  // a client that leaves now misses nothing
}

Task<Result<std::string>> read_whole_body(ports::ClientExchange& exchange) {
  std::string body;
  body.reserve(static_cast<std::size_t>(std::min(exchange.head().content_length, reserved_bytes_max)));
  while (true) {
    auto piece = co_await exchange.read_body();
    if (!piece) co_return fail(std::move(piece.error()));
    if (piece->empty()) break;
    body.append(*piece);
  }
  co_return Result<std::string>(std::move(body));
}

}  // namespace obleth::mock
