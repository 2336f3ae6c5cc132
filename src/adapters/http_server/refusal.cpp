#include "adapters/http_server/refusal.hpp"

#include <optional>

#include "adapters/http_server/answer_head.hpp"
#include "base/append_all.hpp"

namespace obleth::adapters {
namespace {

wire::ErrorBody error_of(int status, std::string_view message) {
  wire::ErrorBody error{
      .message = message, .type = "invalid_request_error", .param = std::nullopt, .code = std::nullopt};
  if (status == 431) error.code = "request_too_large";
  if (status >= 500) error.type = "server_error";
  if (status == 501 || status == 505) error.type = "invalid_request_error";
  if (status == 503) {
    error.type = "service_unavailable_error";
    error.code = "overloaded";
  }
  return error;
}

}  // namespace

std::string_view refusal_name(int status) {
  const wire::ErrorBody error = error_of(status, {});
  return error.code.value_or(error.type);
}

std::string refusal_answer(int status, std::string_view message, const Addressee& client) {
  const std::string body = wire::render_error(error_of(status, message), client.errors);
  const std::string_view told_id =
      client.client_request_id.empty() ? std::string_view(client.event_id) : client.client_request_id;
  ShortText unnamed_status;
  std::string answer(status_line(status, unnamed_status));
  append_all(answer, {"Content-Type: application/json\r\nx-request-id: ", told_id,
                      "\r\nx-obleth-request-id: ", client.event_id, "\r\n"});
  if (client.errors == wire::ErrorDialect::anthropic) append_all(answer, {"request-id: ", told_id, "\r\n"});
  if (status == 405) answer += "Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n";
  if (status == 503) answer += "Retry-After: 1\r\n";
  ShortText framing;
  const AnswerShape shape{.status = status, .keep_alive = false, .content_length = body.size()};
  add_framing(framing, shape, AnswerFraming::length);
  answer += framing.view();
  answer += body;
  return answer;
}

}  // namespace obleth::adapters
