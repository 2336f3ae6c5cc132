// The one place where a fault becomes an HTTP answer: status, type, code, what to do, when to come back.
//
// Every stage that can say no returns an Outcome; request_path hands the Refusal to send_refusal. Thread: the
// request's.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/instant.hpp"
#include "base/task.hpp"
#include "ports/http_service.hpp"
#include "wire/error_body.hpp"

namespace obleth::gateway {

// What is recorded where a client did not wait for its answer.
inline constexpr int client_closed_request = 499;
inline constexpr std::string_view client_closed_request_code = "client_closed_request";

struct Refusal {
  int status = 500;
  std::string_view type = "internal_error";  // static text
  std::string_view code;                     // static text; empty = null
  std::string message;
  std::string param;  // empty = null
  std::optional<Duration> retry_after;
  bool never_retry = false;   // x-should-retry: false
  std::string extra_headers;  // complete "name: value\r\n" lines
  bool client_gone = false;   // nobody to tell
  bool was_admitted = false;  // it had its turn, and failed afterwards: not obleth that refused
};

template <class T>
using Outcome = std::expected<T, Refusal>;

[[nodiscard]] inline std::unexpected<Refusal> refuse(Refusal refusal) {
  return std::unexpected<Refusal>(std::move(refusal));
}

// The cases of the error table, by name.
[[nodiscard]] Refusal invalid_request(std::string message, std::string param = {}, std::string_view code = {});
[[nodiscard]] Refusal no_api_key(std::string message);
[[nodiscard]] Refusal forbidden(std::string_view code, std::string message);
[[nodiscard]] Refusal model_not_found(std::string_view model);
[[nodiscard]] Refusal method_not_allowed(std::string_view allow);
[[nodiscard]] Refusal store_unavailable();
[[nodiscard]] Refusal overloaded(std::string message, Duration retry_after);
[[nodiscard]] Refusal draining();
[[nodiscard]] Refusal client_gone();
// A fault of reading the client's body.
[[nodiscard]] Refusal from_client_fault(const Fault& fault);
// A fault of the upstream before an answer began.
[[nodiscard]] Refusal from_upstream_fault(const Fault& fault);

// The error's name for ledger and log: its code, else its type.
[[nodiscard]] std::string_view name_of(const Refusal& refusal);

// Retry-After in whole seconds (rounded up) and retry-after-ms, as the OpenAI SDKs read them.
void append_retry_after(std::string& lines, Duration after);

// head_lines: what every answer of this request carries (ids, admission, limits).
Task<void> send_refusal(ports::ClientExchange& exchange, const Refusal& refusal, wire::ErrorDialect dialect,
                        std::string head_lines);

}  // namespace obleth::gateway
