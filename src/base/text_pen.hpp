// Writes text where there is room for all of it: one check for a line, none for each of its many parts. A value.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace obleth {

class TextPen {
 public:
  static constexpr std::size_t number_bytes_max = 20;

  explicit TextPen(char* at) : at_(at) {}
  // Behind what was written.
  [[nodiscard]] char* at() const { return at_; }

  void character(char c) { *at_++ = c; }
  void plain(std::string_view text) {
    if (text.empty()) return;  // an empty view may hold a null pointer
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  void number(std::int64_t value) { at_ = std::to_chars(at_, at_ + number_bytes_max, value).ptr; }
  // Of what somebody else wrote here.
  void move_to(char* at) { at_ = at; }

 private:
  char* at_;
};

// write(Pen&) puts at most bytes_max at the end of out.
template <class Pen = TextPen, class Write>
void append_with_pen(std::string& out, std::size_t bytes_max, Write write) {
  const std::size_t before = out.size();
  out.resize_and_overwrite(before + bytes_max, [&](char* begin, std::size_t) {
    Pen pen(begin + before);
    write(pen);
    return static_cast<std::size_t>(pen.at() - begin);
  });
}

}  // namespace obleth
