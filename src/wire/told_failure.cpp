#include "wire/told_failure.hpp"

#include <string>

#include "wire/json_cursor.hpp"
#include "wire/sse_event.hpp"

namespace obleth::wire {
namespace {

bool is_failure(const JsonString& type) {
  return type.equals("error") || type.equals("response.failed");
}

bool names_error(std::string_view event) {
  for (std::size_t at = 0; at < event.size();) {
    std::string_view line = sse_line(event, at);
    at += line.size();
    while (line.ends_with('\n') || line.ends_with('\r'))
      line.remove_suffix(1);
    if (line == "event: error" || line == "event:error") return true;
  }
  return false;
}

}  // namespace

bool document_tells_failure(std::string_view json) {
  JsonCursor cursor(json);
  bool failed = false;
  // A text that breaks off tells what stands before.
  static_cast<void>(cursor.take_object([&](const JsonString& key) {
    if (key.equals("error")) {
      failed = !cursor.take_null();
      return !failed;
    }
    if (!key.equals("type") || cursor.peek() != '"') return cursor.skip_value();
    const std::optional<JsonString> type = cursor.take_string();
    failed = type && is_failure(*type);
    return type && !failed;
  }));
  return failed;
}

bool stream_tells_failure(std::string_view events) {
  SseBoundary boundary;
  std::string joined;
  while (!events.empty()) {
    const std::string_view event = events.substr(0, boundary.find_end(events));
    events.remove_prefix(event.size());
    if (names_error(event) || document_tells_failure(sse_payload(event, joined))) return true;
  }
  return false;
}

}  // namespace obleth::wire
