// The parts of an answer's head that the listener adds: status line, Date, framing, Connection. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/instant.hpp"

namespace obleth::adapters {

enum class AnswerFraming : std::uint8_t { none, length, chunked, until_close };

struct AnswerShape {
  int status = 200;
  bool to_head_request = false;
  bool to_http_1_0 = false;
  bool keep_alive = true;
  std::optional<std::uint64_t> content_length;
};

// none: no body may follow (HEAD, 204, 304).
[[nodiscard]] AnswerFraming framing_of(const AnswerShape& shape);

// Short text of bounded size, built in place.
class ShortText {
 public:
  static constexpr std::size_t bytes_max = 192;
  [[nodiscard]] std::string_view view() const { return {bytes_.data(), size_}; }
  void add(std::string_view text);
  void add_number(std::uint64_t number, int base = 10);

 private:
  std::array<char, bytes_max> bytes_;  // not zeroed: only size_ are read
  std::size_t size_ = 0;
};

// Some payload as it goes out: with the lines of its chunk around it, where the answer is chunked.
class FramedPayload {
 public:
  // is_last: the end of the body comes with it.
  FramedPayload(AnswerFraming framing, std::string_view payload, bool is_last);
  FramedPayload(const FramedPayload&) = delete;
  FramedPayload& operator=(const FramedPayload&) = delete;
  // Empty: there is nothing to send.
  [[nodiscard]] std::span<const std::string_view> pieces() const { return std::span(pieces_).first(count_); }

 private:
  std::array<char, 18> size_line_;  // sixteen digits and CRLF; not zeroed: only what is in pieces_ is read
  std::array<std::string_view, 3> pieces_;
  std::size_t count_ = 0;
};

// "HTTP/1.1 200 OK\r\n"; text of its own only for a status that has no name.
[[nodiscard]] std::string_view status_line(int status, ShortText& room);
// Content-Length or Transfer-Encoding, Connection where it differs from the version's default, and the blank line.
void add_framing(ShortText& text, const AnswerShape& shape, AnswerFraming framing);
// head_lines holds a line of that name (lower case, with its colon).
[[nodiscard]] bool has_line(std::string_view head_lines, std::string_view lower_name_colon);

// The Date line, made anew once a second. One per thread.
class DateLine {
 public:
  [[nodiscard]] std::string_view at(WallTime now);

 private:
  std::int64_t second_ = -1;
  std::string line_;
};

}  // namespace obleth::adapters
