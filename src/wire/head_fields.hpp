// The part that request and response heads share: where a head ends, and its field lines. Private to wire/http_head.
//
// Pure; views point into the bytes given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>

#include "domain/http_message.hpp"
#include "wire/http_head.hpp"

namespace obleth::wire {

// Options that the Connection fields of one head may name together; more are refused.
inline constexpr std::size_t connection_option_count_max = 32;

// Complete lines: every LF that was seen has its CR. start is after the one empty line that may precede a head.
struct HeadSpan {
  std::size_t start = 0;
  std::size_t end = 0;  // after the blank line
};

using HeadSearch = std::variant<NeedMoreBytes, HeadSpan, HeadFault>;

[[nodiscard]] HeadSearch find_head_end(std::string_view bytes, std::size_t from, const HeadLimits& limits);

// What the field lines say about framing and routing, noted while they are read.
struct NotedFields {
  bool of_request = true;  // else Host and Authorization are headers like any other
  std::string_view host;
  std::uint64_t content_length = 0;
  std::size_t connection_options = 0;
  bool has_host = false;
  bool has_content_length = false;
  bool is_chunked = false;
  bool has_authorization = false;
  bool has_upgrade = false;
  bool says_close = false;
  bool says_keep_alive = false;
  bool expects_continue = false;
};

// Why fields are refused.
struct FieldsFault {
  int status = 0;  // 0: they are not
  std::string_view message;
};
// lines: field lines and the blank line. Appends to fields.
[[nodiscard]] FieldsFault read_fields(std::string_view lines, HeaderBlock& fields, NotedFields& noted);

}  // namespace obleth::wire
