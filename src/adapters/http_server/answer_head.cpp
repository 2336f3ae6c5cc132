#include "adapters/http_server/answer_head.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <ctime>

#include "base/ensure.hpp"

namespace obleth::adapters {
namespace {

// RFC 9110 §15, RFC 6585, and those that gateways and providers send.
struct StatusLine {
  int status;
  std::string_view line;
};

// In order of the status.
constexpr std::array status_lines = {
    StatusLine{200, "HTTP/1.1 200 OK\r\n"},
    StatusLine{201, "HTTP/1.1 201 Created\r\n"},
    StatusLine{202, "HTTP/1.1 202 Accepted\r\n"},
    StatusLine{204, "HTTP/1.1 204 No Content\r\n"},
    StatusLine{206, "HTTP/1.1 206 Partial Content\r\n"},
    StatusLine{301, "HTTP/1.1 301 Moved Permanently\r\n"},
    StatusLine{302, "HTTP/1.1 302 Found\r\n"},
    StatusLine{303, "HTTP/1.1 303 See Other\r\n"},
    StatusLine{304, "HTTP/1.1 304 Not Modified\r\n"},
    StatusLine{307, "HTTP/1.1 307 Temporary Redirect\r\n"},
    StatusLine{308, "HTTP/1.1 308 Permanent Redirect\r\n"},
    StatusLine{400, "HTTP/1.1 400 Bad Request\r\n"},
    StatusLine{401, "HTTP/1.1 401 Unauthorized\r\n"},
    StatusLine{403, "HTTP/1.1 403 Forbidden\r\n"},
    StatusLine{404, "HTTP/1.1 404 Not Found\r\n"},
    StatusLine{405, "HTTP/1.1 405 Method Not Allowed\r\n"},
    StatusLine{406, "HTTP/1.1 406 Not Acceptable\r\n"},
    StatusLine{408, "HTTP/1.1 408 Request Timeout\r\n"},
    StatusLine{409, "HTTP/1.1 409 Conflict\r\n"},
    StatusLine{410, "HTTP/1.1 410 Gone\r\n"},
    StatusLine{411, "HTTP/1.1 411 Length Required\r\n"},
    StatusLine{412, "HTTP/1.1 412 Precondition Failed\r\n"},
    StatusLine{413, "HTTP/1.1 413 Content Too Large\r\n"},
    StatusLine{415, "HTTP/1.1 415 Unsupported Media Type\r\n"},
    StatusLine{422, "HTTP/1.1 422 Unprocessable Content\r\n"},
    StatusLine{424, "HTTP/1.1 424 Failed Dependency\r\n"},
    StatusLine{429, "HTTP/1.1 429 Too Many Requests\r\n"},
    StatusLine{431, "HTTP/1.1 431 Request Header Fields Too Large\r\n"},
    StatusLine{500, "HTTP/1.1 500 Internal Server Error\r\n"},
    StatusLine{501, "HTTP/1.1 501 Not Implemented\r\n"},
    StatusLine{502, "HTTP/1.1 502 Bad Gateway\r\n"},
    StatusLine{503, "HTTP/1.1 503 Service Unavailable\r\n"},
    StatusLine{504, "HTTP/1.1 504 Gateway Timeout\r\n"},
    StatusLine{505, "HTTP/1.1 505 HTTP Version Not Supported\r\n"},
};

constexpr std::string_view known_status_line(int status) {
  if (status == status_lines.front().status) return status_lines.front().line;
  const auto* const found = std::ranges::lower_bound(status_lines, status, {}, &StatusLine::status);
  return found != status_lines.end() && found->status == status ? found->line : std::string_view();
}

}  // namespace

AnswerFraming framing_of(const AnswerShape& shape) {
  if (shape.to_head_request || shape.status == 204 || shape.status == 304) return AnswerFraming::none;
  if (shape.content_length) return AnswerFraming::length;
  return shape.to_http_1_0 ? AnswerFraming::until_close : AnswerFraming::chunked;
}

void ShortText::add(std::string_view text) {
  ensure(text.size() <= bytes_.size() - size_, "the listener's own part of a head is short");
  std::memcpy(bytes_.data() + size_, text.data(), text.size());
  size_ += text.size();
}

void ShortText::add_number(std::uint64_t number, int base) {
  std::array<char, 20> digits;
  const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), number, base);
  add({digits.data(), written.ptr});
}

FramedPayload::FramedPayload(AnswerFraming framing, std::string_view payload, bool is_last) {
  const bool chunked = framing == AnswerFraming::chunked;
  if (!payload.empty()) {
    if (chunked) {
      char* end = std::to_chars(size_line_.data(), size_line_.data() + 16, payload.size(), 16).ptr;
      *end++ = '\r';
      *end++ = '\n';
      pieces_[count_++] = {size_line_.data(), static_cast<std::size_t>(end - size_line_.data())};
    }
    pieces_[count_++] = payload;
    if (chunked) pieces_[count_++] = is_last ? "\r\n0\r\n\r\n" : "\r\n";
  } else if (chunked && is_last) {
    pieces_[count_++] = "0\r\n\r\n";
  }
}

std::string_view status_line(int status, ShortText& room) {
  const std::string_view known = known_status_line(status);
  if (!known.empty()) return known;
  room.add("HTTP/1.1 ");
  room.add_number(static_cast<std::uint64_t>(std::clamp(status, 100, 999)));
  room.add(" \r\n");
  return room.view();
}

void add_framing(ShortText& text, const AnswerShape& shape, AnswerFraming framing) {
  const bool may_have_length = shape.status != 204 && framing != AnswerFraming::chunked;
  if (shape.content_length && may_have_length) {
    text.add("Content-Length: ");
    text.add_number(*shape.content_length);
    text.add("\r\n");
  }
  if (framing == AnswerFraming::chunked) text.add("Transfer-Encoding: chunked\r\n");
  const bool closes = !shape.keep_alive || framing == AnswerFraming::until_close;
  if (closes) {
    text.add("Connection: close\r\n");
  } else if (shape.to_http_1_0) {
    text.add("Connection: keep-alive\r\n");
  }
  text.add("\r\n");
}

bool has_line(std::string_view head_lines, std::string_view lower_name_colon) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  while (head_lines.size() >= lower_name_colon.size()) {
    if (lower(head_lines.front()) == lower_name_colon.front() &&
        std::ranges::equal(head_lines.substr(0, lower_name_colon.size()), lower_name_colon, {}, lower)) {
      return true;
    }
    const std::size_t line_end = head_lines.find('\n');
    if (line_end == std::string_view::npos) return false;
    head_lines.remove_prefix(line_end + 1);
  }
  return false;
}

std::string_view DateLine::at(WallTime now) {
  const std::int64_t second = now.unix_ms / 1000;
  if (second == second_) return line_;
  second_ = second;
  const auto seconds = static_cast<std::time_t>(second);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  const std::size_t size =
      std::strftime(text.data(), text.size(), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);  // the C locale
  line_.assign(text.data(), size);
  return line_;
}

}  // namespace obleth::adapters
