#include "wire/http_head.hpp"

#include <optional>

#include "wire/byte_block.hpp"
#include "wire/head_fields.hpp"
#include "wire/http_syntax.hpp"

namespace obleth::wire {
namespace {

// For a response the status is only "the upstream answered what HTTP does not allow".
constexpr int bad_upstream_status = 502;

enum class Version : std::uint8_t { http_1_0, http_1_1, other, malformed };

Version read_version(std::string_view text) {
  if (text == "HTTP/1.1") return Version::http_1_1;
  if (text == "HTTP/1.0") return Version::http_1_0;
  const bool shaped = text.size() == 8 && text.starts_with("HTTP/") && is_in(text[5], digit_char) && text[6] == '.' &&
                      is_in(text[7], digit_char);
  return shaped ? Version::other : Version::malformed;
}

struct TargetForms {
  std::string_view origin;     // origin-form or "*"
  std::string_view authority;  // of an absolute-form target; else empty
};

std::optional<TargetForms> split_absolute(std::string_view target, std::string_view method) {
  const std::size_t colon = target.find("://");
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view scheme = target.substr(0, colon);
  if (!equals_ignoring_case(scheme, "http") && !equals_ignoring_case(scheme, "https")) return std::nullopt;
  const std::string_view rest = target.substr(colon + 3);
  const std::size_t path = rest.find('/');
  TargetForms forms;
  forms.authority = rest.substr(0, path);
  if (forms.authority.empty() || !all_in(forms.authority, host_char)) return std::nullopt;
  if (path != std::string_view::npos) {
    forms.origin = rest.substr(path);
  } else {
    forms.origin = method == "OPTIONS" ? "*" : "/";  // RFC 9112 §3.2.4
  }
  return forms;
}

std::optional<TargetForms> split_target(std::string_view target, std::string_view method) {
  if (target.starts_with('/')) return TargetForms{target, {}};
  if (target == "*") return method == "OPTIONS" ? std::optional<TargetForms>({target, {}}) : std::nullopt;
  return split_absolute(target, method);
}

HeadFault refuse(std::string_view message) {
  return {400, message};
}

const char* skip_target(const char* at, const char* end) {
  return find_byte(
      at, end, [](ByteBlock bytes) { return ~bytes.between('!', '~') | bytes.equal_to('#'); },
      [](char byte) { return !is_in(byte, target_char); });
}

// line: without its CR LF. Fills method, target, is_http_1_0 and, for an absolute-form target, host.
std::optional<HeadFault> read_request_line(std::string_view line, RequestHead& head) {
  const char* const end = line.data() + line.size();
  const char* const method_end = skip_class(line.data(), end, token_char);
  if (method_end == line.data() || method_end == end || *method_end != ' ') {
    return refuse("The request line must be: method, one space, target, one space, version.");
  }
  head.method = {line.data(), static_cast<std::size_t>(method_end - line.data())};
  const char* const target = method_end + 1;
  const char* const target_end = skip_target(target, end);
  if (target_end == target || target_end == end || *target_end != ' ') {
    return refuse("The request target holds a character that is not allowed.");
  }
  const Version version = read_version({target_end + 1, end});
  if (version == Version::malformed) return refuse("The request line must end with HTTP/1.1 or HTTP/1.0.");
  if (version == Version::other) return HeadFault{505, "This HTTP version is not spoken here: use HTTP/1.1."};
  if (head.method == "CONNECT") return HeadFault{405, "CONNECT is refused: this is no forward proxy."};
  const auto forms = split_target({target, target_end}, head.method);
  if (!forms) return refuse("The request target must be a path or an http:// or https:// URL.");
  head.target = forms->origin;
  head.host = forms->authority;
  head.is_http_1_0 = version == Version::http_1_0;
  return std::nullopt;
}

bool keeps_alive(bool is_http_1_0, const NotedFields& noted) {
  if (noted.says_close) return false;
  return !is_http_1_0 || noted.says_keep_alive;
}

// What holds for requests and responses alike.
std::string_view framing_conflict(bool is_http_1_0, const NotedFields& noted) {
  if (noted.is_chunked && noted.has_content_length)
    return "Content-Length and Transfer-Encoding must not both be sent.";
  if (noted.is_chunked && is_http_1_0) return "Transfer-Encoding is not allowed in HTTP/1.0.";
  return {};
}

std::optional<HeadFault> settle_request(const NotedFields& noted, RequestHead& head) {
  if (!noted.has_host && !head.is_http_1_0) return refuse("The Host header is missing.");
  if (!head.host.empty() && noted.has_host && !equals_ignoring_case(head.host, noted.host)) {
    return refuse("The Host header and the host of the request target differ.");
  }
  if (head.host.empty()) head.host = noted.host;
  const std::string_view conflict = framing_conflict(head.is_http_1_0, noted);
  if (!conflict.empty()) return refuse(conflict);
  if (noted.has_upgrade) return HeadFault{501, "Upgrade is not supported: speak HTTP/1.1 without it."};
  if (noted.is_chunked) {
    head.framing = BodyFraming::chunked;
  } else if (noted.content_length > 0) {
    head.framing = BodyFraming::length;
  }
  head.content_length = noted.content_length;
  head.keep_alive = keeps_alive(head.is_http_1_0, noted);
  // RFC 9110 §10.1.1: an expectation from HTTP/1.0 is ignored.
  head.expects_continue = noted.expects_continue && !head.is_http_1_0 && head.framing != BodyFraming::none;
  return std::nullopt;
}

struct StatusLine {
  bool is_http_1_0 = false;
  std::string_view fault;  // empty: none
};

StatusLine read_status_line(std::string_view line, ResponseHead& head) {
  constexpr std::size_t version_size = 8;
  constexpr std::size_t status_end = version_size + 4;
  const Version version = read_version(line.substr(0, version_size));
  if (version != Version::http_1_1 && version != Version::http_1_0) return {.fault = "not an HTTP/1.x status line"};
  // The space before an empty reason is often left out, and ambiguous to nobody.
  const bool shaped = line.size() >= status_end && line[version_size] == ' ' &&
                      all_in(line.substr(version_size + 1, 3), digit_char) &&
                      (line.size() == status_end || line[status_end] == ' ');
  if (!shaped) return {.fault = "malformed status line"};
  const char* digits = line.data() + version_size + 1;
  head.status = (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
  if (head.status < 100 || head.status > 599) return {.fault = "status outside 100 to 599"};
  if (head.status == 101) return {.fault = "switched protocols without being asked to"};
  head.reason = line.size() > status_end ? line.substr(status_end + 1) : std::string_view();
  if (!all_in(head.reason, value_char)) return {.fault = "control character in the reason phrase"};
  return {.is_http_1_0 = version == Version::http_1_0, .fault = {}};
}

void settle_response(bool is_http_1_0, const NotedFields& noted, std::string_view request_method, ResponseHead& head) {
  head.has_content_length = noted.has_content_length;
  head.content_length = noted.content_length;
  head.keep_alive = keeps_alive(is_http_1_0, noted);
  const bool never_has_body = head.status < 200 || head.status == 204;
  if (never_has_body || head.status == 304 || request_method == "HEAD") {
    head.framing = BodyFraming::none;
    // Bytes that must not follow may follow all the same: nothing is read after them.
    if (never_has_body && (noted.is_chunked || noted.content_length > 0)) head.keep_alive = false;
  } else if (noted.is_chunked) {
    head.framing = BodyFraming::chunked;
  } else if (noted.has_content_length) {
    head.framing = noted.content_length > 0 ? BodyFraming::length : BodyFraming::none;
  } else {
    head.framing = BodyFraming::until_close;
    head.keep_alive = false;
  }
}

struct Lines {
  std::string_view first;   // without CR LF
  std::string_view fields;  // with the blank line
};

Lines split_lines(std::string_view bytes, HeadSpan span) {
  const std::string_view block = bytes.substr(span.start, span.end - span.start);
  const std::size_t line_feed = block.find('\n');  // one without CR was refused before
  return {block.substr(0, line_feed - 1), block.substr(line_feed + 1)};
}

}  // namespace

std::size_t whole_head_bytes(std::string_view bytes, const HeadLimits& limits) {
  const HeadSearch search = find_head_end(bytes, 0, limits);
  const auto* span = std::get_if<HeadSpan>(&search);
  return span == nullptr ? 0 : span->end;
}

HeadOutcome parse_request_head(std::string_view bytes, std::size_t from, const HeadLimits& limits, RequestHead& head) {
  const HeadSearch search = find_head_end(bytes, from, limits);
  if (std::holds_alternative<NeedMoreBytes>(search)) return NeedMoreBytes{};
  if (const auto* fault = std::get_if<HeadFault>(&search)) return *fault;
  const HeadSpan span = std::get<HeadSpan>(search);
  const Lines lines = split_lines(bytes, span);
  head.framing = BodyFraming::none;
  head.fields.clear();
  if (const auto fault = read_request_line(lines.first, head)) return *fault;
  NotedFields noted;
  const FieldsFault fields_fault = read_fields(lines.fields, head.fields, noted);
  if (fields_fault.status != 0) return HeadFault{fields_fault.status, fields_fault.message};
  if (const auto fault = settle_request(noted, head)) return *fault;
  return ParsedHead{span.end};
}

HeadOutcome parse_response_head(std::string_view bytes, std::size_t from, const HeadLimits& limits,
                                std::string_view request_method, ResponseHead& head) {
  const HeadSearch search = find_head_end(bytes, from, limits);
  if (std::holds_alternative<NeedMoreBytes>(search)) return NeedMoreBytes{};
  if (const auto* fault = std::get_if<HeadFault>(&search)) return HeadFault{bad_upstream_status, fault->message};
  const HeadSpan span = std::get<HeadSpan>(search);
  if (span.start != 0) return HeadFault{bad_upstream_status, "empty line before the status line"};
  const Lines lines = split_lines(bytes, span);
  head.fields.clear();
  const StatusLine status = read_status_line(lines.first, head);
  if (!status.fault.empty()) return HeadFault{bad_upstream_status, status.fault};
  NotedFields noted;
  noted.of_request = false;
  const FieldsFault fields_fault = read_fields(lines.fields, head.fields, noted);
  if (fields_fault.status != 0) return HeadFault{bad_upstream_status, fields_fault.message};
  const std::string_view conflict = framing_conflict(status.is_http_1_0, noted);
  if (!conflict.empty()) return HeadFault{bad_upstream_status, conflict};
  settle_response(status.is_http_1_0, noted, request_method, head);
  return ParsedHead{span.end};
}

}  // namespace obleth::wire
