#include "admin/send_reply.hpp"

#include <string>
#include <string_view>

namespace obleth::admin {
namespace {

std::string head_lines(const Reply& reply) {
  std::string lines = "Cache-Control: no-store\r\n" + reply.header_lines;
  if (!reply.content_type.empty()) lines += "Content-Type: " + reply.content_type + "\r\n";
  return lines;
}

}  // namespace

Task<void> send_reply(const Reply& reply, ports::ClientExchange& exchange) {
  const std::string lines = head_lines(reply);
  const Result<void> started = co_await exchange.start(reply.status, lines, reply.body.size(), {});
  if (!started) co_return;
  const std::string_view body = exchange.head().method == "HEAD" ? std::string_view() : std::string_view(reply.body);
  static_cast<void>(co_await exchange.finish(body));
}

}  // namespace obleth::admin
