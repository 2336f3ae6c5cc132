#include "wire/error_body.hpp"

namespace obleth::wire {
namespace {

void append_quoted(std::string& out, std::string_view text) {
  out.push_back('"');
  append_json_string(out, text);
  out.push_back('"');
}

void append_member(std::string& out, std::string_view name, std::optional<std::string_view> value) {
  out.append("\"").append(name).append("\":");
  if (value) {
    append_quoted(out, *value);
  } else {
    out.append("null");
  }
}

// The words of Anthropic's API reference, "Errors", by what status it has there: every 429 is a rate limit, and what is
// overloaded is a 5xx. What is not listed is its catch-all, api_error.
std::string_view anthropic_type(const ErrorBody& error) {
  const std::string_view code = error.code.value_or("");
  if (code == "invalid_api_key") return "authentication_error";
  if (code == "model_not_found" || code == "no_default_upstream") return "not_found_error";
  if (code == "request_too_large") return "request_too_large";
  if (code == "upstream_timeout") return "timeout_error";
  if (error.type == "invalid_request_error" || error.type == "permission_error") return error.type;
  if (error.type == "tokens" || error.type == "requests" || error.type == "insufficient_quota" ||
      error.type == "overloaded_error") {
    return "rate_limit_error";
  }
  if (code == "overloaded" || code == "draining") return "overloaded_error";
  return "api_error";
}

}  // namespace

std::string render_error(const ErrorBody& error, ErrorDialect dialect) {
  std::string out;
  out.reserve(error.message.size() + 128);
  if (dialect == ErrorDialect::anthropic) {
    out.append("{\"type\":\"error\",\"error\":{");
    append_member(out, "type", anthropic_type(error));
    out.push_back(',');
    append_member(out, "message", error.message);
  } else {
    out.append("{\"error\":{");
    append_member(out, "message", error.message);
    out.push_back(',');
    append_member(out, "type", error.type);
    out.push_back(',');
    append_member(out, "param", error.param);
    out.push_back(',');
    append_member(out, "code", error.code);
  }
  out.append("}}");
  return out;
}

std::string render_error_event(const ErrorBody& error, ErrorDialect dialect, BrokenStream at) {
  std::string out = at.at_event_boundary ? "" : "\n\n";
  if (dialect != ErrorDialect::openai) out.append("event: error\n");
  out.append("data: ");
  const std::string body = render_error(error, dialect);
  if (dialect == ErrorDialect::responses) {
    out.append("{\"type\":\"error\",\"sequence_number\":").append(std::to_string(at.next_number)).append(",");
    append_member(out, "code", error.code);
    out.push_back(',');
    append_member(out, "message", error.message);
    out.push_back(',');
    append_member(out, "param", error.param);
    out.push_back(',');
    out.append(body, 1);  // its one member
  } else {
    out.append(body);
  }
  out.append("\n\n");
  return out;
}

}  // namespace obleth::wire
