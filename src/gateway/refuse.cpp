#include "gateway/refuse.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "domain/key_text.hpp"

namespace obleth::gateway {
namespace {

constexpr std::string_view request_type = "invalid_request_error";
constexpr std::string_view upstream_type = "upstream_error";
constexpr std::string_view unavailable_type = "service_unavailable_error";
constexpr Duration store_retry_after = std::chrono::seconds(1);
constexpr Duration drain_retry_after = std::chrono::seconds(1);

}  // namespace

Refusal invalid_request(std::string message, std::string param, std::string_view code) {
  return {.status = 400, .type = request_type, .code = code, .message = std::move(message), .param = std::move(param)};
}

Refusal no_api_key(std::string message) {
  return {.status = 401,
          .type = request_type,
          .code = "invalid_api_key",
          .message = std::move(message),
          .extra_headers = "WWW-Authenticate: Bearer\r\n"};
}

Refusal forbidden(std::string_view code, std::string message) {
  return {.status = 403, .type = "permission_error", .code = code, .message = std::move(message)};
}

Refusal model_not_found(std::string_view model) {
  const std::string what =
      model.empty() ? "The request names no model, and nothing serves that to this key."
                    : "The model '" + std::string(without_key(model)) + "' does not exist or this key may not use it.";
  return {.status = 404,
          .type = request_type,
          .code = "model_not_found",
          .message = what +
                     " GET /v1/models lists what it may; an operator registers a model with POST /api/v1/models or "
                     "`obleth model create`.",
          .param = "model"};
}

Refusal method_not_allowed(std::string_view allow) {
  return {.status = 405,
          .type = request_type,
          .message = "This route takes " + std::string(allow) + ".",
          .extra_headers = "Allow: " + std::string(allow) + ", OPTIONS\r\n"};
}

Refusal store_unavailable() {
  return {.status = 503,
          .type = unavailable_type,
          .code = "store_unavailable",
          .message = "The key cannot be checked now because a store does not answer. Try again shortly.",
          .retry_after = store_retry_after};
}

Refusal overloaded(std::string message, Duration retry_after) {
  return {.status = 503,
          .type = unavailable_type,
          .code = "overloaded",
          .message = std::move(message),
          .retry_after = retry_after};
}

Refusal draining() {
  return {.status = 503,
          .type = unavailable_type,
          .code = "draining",
          .message = "This gateway is stopping. Try again: another one answers, or this one when it is back.",
          .retry_after = drain_retry_after};
}

Refusal client_gone() {
  return {.status = client_closed_request,
          .code = client_closed_request_code,
          .message = "The client left.",
          .client_gone = true};
}

Refusal from_client_fault(const Fault& fault) {
  switch (fault.kind) {
    case FaultKind::too_large:
      return {.status = 413, .type = request_type, .code = "request_too_large", .message = fault.message};
    case FaultKind::timed_out:
      return {.status = 408, .type = request_type, .code = "request_timeout", .message = fault.message};
    case FaultKind::invalid:
      return invalid_request(fault.message, std::string(fault.field.view()));
    default:
      return client_gone();
  }
}

Refusal from_upstream_fault(const Fault& fault) {
  switch (fault.kind) {
    case FaultKind::cancelled:
      return client_gone();
    case FaultKind::unavailable:
      return draining();
    case FaultKind::timed_out:
      return {.status = 504,
              .type = upstream_type,
              .code = "upstream_timeout",
              .message = "The inference server did not answer in time: " + fault.message};
    case FaultKind::bad_answer:
      return {.status = 502,
              .type = upstream_type,
              .code = "bad_upstream_response",
              .message = "The inference server's answer is not valid HTTP: " + fault.message};
    default:
      return {.status = 502,
              .type = upstream_type,
              .code = "upstream_unreachable",
              .message = "The inference server cannot be reached: " + fault.message};
  }
}

std::string_view name_of(const Refusal& refusal) {
  return refusal.code.empty() ? refusal.type : refusal.code;
}

void append_retry_after(std::string& lines, Duration after) {
  const std::int64_t ms = std::max<std::int64_t>(1, whole_ms(after + std::chrono::microseconds(999)));
  lines += "Retry-After: " + std::to_string((ms + 999) / 1000) + "\r\n";
  lines += "retry-after-ms: " + std::to_string(ms) + "\r\n";
}

Task<void> send_refusal(ports::ClientExchange& exchange, const Refusal& refusal, wire::ErrorDialect dialect,
                        std::string head_lines) {
  if (refusal.client_gone || exchange.departure().fired()) co_return;
  head_lines += "Content-Type: application/json\r\n";
  head_lines += refusal.extra_headers;
  if (refusal.retry_after) append_retry_after(head_lines, *refusal.retry_after);
  if (refusal.never_retry) head_lines += "x-should-retry: false\r\n";
  const std::string body = wire::render_error(
      {.message = refusal.message,
       .type = refusal.type,
       .param = refusal.param.empty() ? std::nullopt : std::optional<std::string_view>(refusal.param),
       .code = refusal.code.empty() ? std::nullopt : std::optional<std::string_view>(refusal.code)},
      dialect);
  const Result<void> sent = co_await exchange.start(refusal.status, head_lines, body.size(), body);
  if (!sent) co_return;
  const Result<void> finished = co_await exchange.finish({});
  // A client that leaves while it is being refused misses nothing that we keep.
  static_cast<void>(finished);
}

}  // namespace obleth::gateway
