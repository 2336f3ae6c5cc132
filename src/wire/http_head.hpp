// The one grammar for HTTP/1.1 heads, requests and responses. What passes here needs no second opinion.
//
// Strict where smuggling lives (RFC 9112): CRLF only, no folding, no white space before a colon, one Host, one
// Content-Length of digits, Transfer-Encoding absent or exactly "chunked" and on 1.1 only, never both.
// Pure; views point into the bytes given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>

#include "domain/http_message.hpp"

namespace obleth::wire {

struct HeadLimits {
  std::size_t head_bytes_max = 64 * 1024;  // with the request line and the blank line
};

struct NeedMoreBytes {};

// A head that is refused: the status to answer with and what to tell. The connection closes after it.
struct HeadFault {
  int status = 400;          // 400, 405 (CONNECT), 431, 501 (Upgrade), 505
  std::string_view message;  // static text
};

struct ParsedHead {
  std::size_t bytes = 0;  // up to and with the blank line
};

using HeadOutcome = std::variant<NeedMoreBytes, ParsedHead, HeadFault>;

// How long the head is that begins here, whatever follows it. 0: its end is not here, or it is refused for its lines.
[[nodiscard]] std::size_t whole_head_bytes(std::string_view bytes, const HeadLimits& limits);
// from: bytes already looked at without finding the end of the head (so a slow sender costs linear time).
[[nodiscard]] HeadOutcome parse_request_head(std::string_view bytes, std::size_t from, const HeadLimits& limits,
                                             RequestHead& head);
// request_method decides about bodies (HEAD). An interim 1xx head is parsed like any other; the caller skips it.
[[nodiscard]] HeadOutcome parse_response_head(std::string_view bytes, std::size_t from, const HeadLimits& limits,
                                              std::string_view request_method, ResponseHead& head);

}  // namespace obleth::wire
