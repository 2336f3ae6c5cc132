// Error bodies as clients of each dialect expect them. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json_string.hpp"

namespace obleth::wire {

// responses: OpenAI's, but for the event that ends a broken stream.
enum class ErrorDialect : std::uint8_t { openai, anthropic, responses };

struct ErrorBody {
  std::string_view message;
  std::string_view type;  // OpenAI's: "invalid_request_error", "tokens", …
  std::optional<std::string_view> param;
  std::optional<std::string_view> code;
};

// {"error":{"message":…,"type":…,"param":…|null,"code":…|null}}, or Anthropic's {"type":"error","error":{"type":…,
// "message":…}}, whose type is found from OpenAI's type and code (authentication_error, not_found_error, …).
[[nodiscard]] std::string render_error(const ErrorBody& error, ErrorDialect dialect);
// Where a stream was when it broke.
struct BrokenStream {
  bool at_event_boundary = true;  // else the error event begins with a blank line
  std::int64_t next_number = 0;   // of the event to come, where events are numbered
};
// As one server-sent event: "data: {…}\n\n". Anthropic's and the responses API's have "event: error" before it; the
// latter's is {"type":"error","sequence_number":…,"code":…,"message":…,"param":…} with the "error" member that makes
// the SDKs raise.
[[nodiscard]] std::string render_error_event(const ErrorBody& error, ErrorDialect dialect, BrokenStream at);

using obleth::append_json_string;

}  // namespace obleth::wire
