#include "wire/head_fields.hpp"

#include <algorithm>

#include "wire/byte_block.hpp"
#include "wire/http_syntax.hpp"

namespace obleth::wire {
namespace {

// Lengths of 18 digits fit every integer that they meet later on, and no body comes near them.
constexpr std::size_t length_digits_max = 18;

constexpr FieldsFault no_fault{};

FieldsFault refuse(std::string_view message) {
  return {400, message};
}

FieldsFault note_host(std::string_view value, NotedFields& noted) {
  if (noted.has_host) return refuse("The Host header is repeated: send it once.");
  if (value.empty() || !all_in(value, host_char)) return refuse("The Host header is not a host name with its port.");
  noted.has_host = true;
  noted.host = value;
  return no_fault;
}

FieldsFault note_content_length(std::string_view value, NotedFields& noted) {
  if (noted.has_content_length) return refuse("Content-Length is repeated: send it once.");
  if (value.empty() || value.size() > length_digits_max || !all_in(value, digit_char)) {
    return refuse("Content-Length must be one decimal number.");
  }
  noted.has_content_length = true;
  for (const char c : value) {
    noted.content_length = noted.content_length * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return no_fault;
}

FieldsFault note_transfer_encoding(std::string_view value, NotedFields& noted) {
  if (noted.is_chunked || !equals_ignoring_case(value, "chunked")) {
    return refuse("Transfer-Encoding must be absent or exactly one \"chunked\".");
  }
  noted.is_chunked = true;
  return no_fault;
}

FieldsFault note_connection(std::string_view value, NotedFields& noted) {
  for_each_list_item(value, [&noted](std::string_view option) {
    ++noted.connection_options;
    if (equals_ignoring_case(option, "close")) noted.says_close = true;
    if (equals_ignoring_case(option, "keep-alive")) noted.says_keep_alive = true;
  });
  if (noted.connection_options > connection_option_count_max) {
    return refuse("The Connection header names too many options.");
  }
  return no_fault;
}

FieldsFault note_authorization(NotedFields& noted) {
  if (noted.has_authorization) return refuse("The Authorization header is repeated: send it once.");
  noted.has_authorization = true;
  return no_fault;
}

FieldsFault note(const HeaderField& field, NotedFields& noted) {
  const auto is = [&field](std::string_view name) { return is_named(field.name, name); };
  switch (field.name.size()) {
    case 4:
      return noted.of_request && is("host") ? note_host(field.value, noted) : no_fault;
    case 6:
      if (is("expect") && equals_ignoring_case(field.value, "100-continue")) noted.expects_continue = true;
      return no_fault;
    case 7:
      if (is("upgrade")) noted.has_upgrade = true;
      return no_fault;
    case 10:
      return is("connection") ? note_connection(field.value, noted) : no_fault;
    case 13:
      return noted.of_request && is("authorization") ? note_authorization(noted) : no_fault;
    case 14:
      return is("content-length") ? note_content_length(field.value, noted) : no_fault;
    case 17:
      return is("transfer-encoding") ? note_transfer_encoding(field.value, noted) : no_fault;
    default:
      return no_fault;
  }
}

// Where the name ends: sixteen bytes at a time while they are what names are mostly made of.
const char* skip_name(const char* at, const char* end) {
  const auto rare = [](ByteBlock bytes) {
    return ~(bytes.lowered().between('a', 'z') | bytes.between('0', '9') | bytes.equal_to('-'));
  };
  at = find_byte(at, end, rare, [](char) { return true; });
  return skip_class(at, end, token_char);
}

// Where the value ends.
const char* skip_value(const char* at, const char* end) {
  const auto controls = [](ByteBlock bytes) { return bytes.up_to('\x1F') | bytes.equal_to('\x7F'); };
  at = find_byte(at, end, controls, [](char byte) { return !is_in(byte, value_char); });
  return skip_class(at, end, value_char);  // behind a tab, which is one that is allowed
}

const char* find_line_feed(const char* at, const char* end) {
  return find_byte(
      at, end, [](ByteBlock bytes) { return bytes.equal_to('\n'); }, [](char byte) { return byte == '\n'; });
}

std::string_view why_name_ends(const char* at, const char* line) {
  if (is_blank(*at)) {
    return at == line ? "Folded header lines are refused: put each header on one line."
                      : "White space before the colon of a header is refused.";
  }
  return at == line ? "A header line has no name." : "A header name holds a character that is not allowed.";
}

}  // namespace

HeadSearch find_head_end(std::string_view bytes, std::size_t from, const HeadLimits& limits) {
  const std::size_t bound = std::min(bytes.size(), limits.head_bytes_max);
  const char* const begin = bytes.data();
  const char* const end = begin + bound;
  const char* at = begin + std::min(from, bound);
  while (true) {
    at = find_line_feed(at, end);
    if (at == end) break;
    if (at == begin || at[-1] != '\r') return HeadFault{400, "Lines must end with CR LF: a bare LF is refused."};
    const bool line_is_empty = at - begin >= 3 && at[-2] == '\n';
    ++at;
    // RFC 9112 §2.2: a server ignores one empty line before the request line.
    if (line_is_empty) {
      return HeadSpan{bytes.starts_with("\r\n") ? std::size_t{2} : 0, static_cast<std::size_t>(at - begin)};
    }
  }
  if (bytes.size() >= limits.head_bytes_max) {
    return HeadFault{431, "The headers are too large: send at most 64 KiB."};
  }
  return NeedMoreBytes{};
}

FieldsFault read_fields(std::string_view lines, HeaderBlock& fields, NotedFields& noted) {
  const char* at = lines.data();
  const char* const end = at + lines.size() - 2;  // the blank line
  while (at != end) {
    const char* const line = at;
    at = skip_name(at, end);
    if (at == line || *at != ':') return refuse(why_name_ends(at, line));
    HeaderField field;
    field.name = {line, static_cast<std::size_t>(at - line)};
    const char* const value = ++at;
    at = skip_value(at, end);
    // Every LF has its CR, so a CR that stops a value either ends the line or stands alone.
    if (*at != '\r' || at[1] != '\n') return refuse("A header value holds a control character or a bare CR.");
    field.value = trim_blanks({value, static_cast<std::size_t>(at - value)});
    at += 2;
    if (!fields.append(field)) return {431, "Too many headers: send at most 128."};
    const FieldsFault fault = note(field, noted);
    if (fault.status != 0) return fault;
  }
  return no_fault;
}

}  // namespace obleth::wire
