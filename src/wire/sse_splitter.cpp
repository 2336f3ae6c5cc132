#include "wire/sse_splitter.hpp"

#include <algorithm>

namespace obleth::wire {
namespace {

constexpr std::string_view name_field = "event:";
constexpr std::string_view id_field = "id:";

std::string_view end_of_line(std::string_view line) {
  const std::size_t text = line.find_last_not_of("\r\n");
  return text == std::string_view::npos ? line : line.substr(text + 1);
}

std::string_view last_value_of(std::string_view field, std::string_view event) {
  std::string_view value;
  for (std::size_t at = 0; at < event.size();) {
    std::string_view line = sse_line(event, at);
    at += line.size();
    if (!line.starts_with(field)) continue;
    line.remove_suffix(end_of_line(line).size());
    line.remove_prefix(std::min(line.size(), field.size() + (line.substr(field.size()).starts_with(' ') ? 1 : 0)));
    value = line;
  }
  return value;
}

}  // namespace

bool SseSplitter::feed(std::string_view bytes, const Take& take) {
  while (!bytes.empty()) {
    const std::size_t end = boundary_.find_end(bytes);
    const bool ends = end != std::string_view::npos;
    const std::string_view part = bytes.substr(0, ends ? end : bytes.size());
    bytes.remove_prefix(part.size());
    // A line feed alone belongs to the carriage return that ended the event before.
    at_boundary_ = ends || (at_boundary_ && part == "\n");
    if (!take(part, ends)) return false;
  }
  return true;
}

std::string_view sse_event_name(std::string_view event) {
  return last_value_of(name_field, event);
}

bool has_sse_id(std::string_view event) {
  return !last_value_of(id_field, event).empty();
}

bool is_sse_remark(std::string_view event) {
  std::string joined;
  return sse_payload(event, joined).data() == nullptr && sse_event_name(event).empty();
}

std::string with_sse_payload(std::string_view event, std::string_view payload) {
  std::string changed;
  changed.reserve(event.size() + payload.size());
  bool placed = false;
  for (std::size_t at = 0; at < event.size();) {
    const std::string_view line = sse_line(event, at);
    at += line.size();
    if (!is_payload_line(line)) {
      changed += line;
    } else if (!placed) {
      placed = true;
      changed.append("data: ").append(payload).append(end_of_line(line));
    }
  }
  return changed;
}

}  // namespace obleth::wire
