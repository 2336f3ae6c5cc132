// One server-sent event: where it ends, what its data is, and what that says of the stream. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "wire/sse_pattern.hpp"
#include "wire/usage_extract.hpp"

namespace obleth::wire {

// Finds blank lines, made of LF, CRLF or CR, at any split of the bytes. One per stream.
class SseBoundary {
 public:
  // Bytes up to and with the blank line that ends the event; npos: it has not ended. After an end a new event begins.
  std::size_t find_end(std::string_view bytes);
  // Of the event that ended last: it was one line and the blank one.
  [[nodiscard]] bool single_line() const { return single_line_; }

 private:
  bool line_empty_ = true;
  bool after_cr_ = false;
  bool single_line_ = false;
  std::uint32_t lines_ = 0;
};

// The event's first line from at on, with its end-of-line bytes.
[[nodiscard]] std::string_view sse_line(std::string_view event, std::size_t at);
// A line of data.
[[nodiscard]] bool is_payload_line(std::string_view line);
// A line of data, event, id or retry, or the beginning of one. All else readers pass over.
[[nodiscard]] bool may_be_field_line(std::string_view line);
// The data lines of an event, joined. A view into event, or into joined where there are several lines.
[[nodiscard]] std::string_view sse_payload(std::string_view event, std::string& joined);
// The same for an event of one line.
[[nodiscard]] std::string_view sse_payload_of_line(std::string_view line);

struct SsePayloadReading {
  bool done = false;        // the event that ends a stream of this dialect
  bool usage_only = false;  // "choices":[] with a usage object
  bool has_content = false;
  std::int64_t content_bytes = 0;      // of generated text, unescaped
  std::optional<std::int64_t> number;  // sequence_number
  UsageFigures usage;
};
// pattern: of the stream that the event is of; learns from it.
[[nodiscard]] SsePayloadReading read_sse_payload(std::string_view payload, const DialectRules& rules,
                                                 SsePattern& pattern);

// Whether data that begins so can still turn out to be usage only.
[[nodiscard]] bool may_become_usage_only(std::string_view beginning);

}  // namespace obleth::wire
