// Error bodies as clients of each dialect expect them. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json_string.hpp"

namespace obleth::wire {

enum class ErrorDialect : std::uint8_t { openai, anthropic };

struct ErrorBody {
  std::string_view message;
  std::string_view type;  // OpenAI's: "invalid_request_error", "tokens", …
  std::optional<std::string_view> param;
  std::optional<std::string_view> code;
};

// {"error":{"message":…,"type":…,"param":…|null,"code":…|null}}, or Anthropic's {"type":"error","error":{"type":…,
// "message":…}}, whose type is found from OpenAI's type and code (authentication_error, not_found_error, …).
[[nodiscard]] std::string render_error(const ErrorBody& error, ErrorDialect dialect);
// As one server-sent event: "data: {…}\n\n" ("event: error" before it for Anthropic), preceded by a blank line when the
// stream is not at an event's end.
[[nodiscard]] std::string render_error_event(const ErrorBody& error, ErrorDialect dialect, bool at_event_boundary);

using obleth::append_json_string;

}  // namespace obleth::wire
