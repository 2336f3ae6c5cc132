// Writes text where there is room for all of it: one check for a line, none for each of its many parts. A value.
#pragma once

#include <array>
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
  // Most texts are short: for those a call of memcpy costs more than the copying.
  void plain(std::string_view text) {
    if (text.size() > 2 * sizeof(std::uint64_t)) {
      std::memcpy(at_, text.data(), text.size());
    } else if (text.size() >= sizeof(std::uint64_t)) {
      copy_ends<std::uint64_t>(text);
    } else if (text.size() >= sizeof(std::uint32_t)) {
      copy_ends<std::uint32_t>(text);
    } else {
      for (std::size_t at = 0; at < text.size(); ++at)
        at_[at] = text[at];
    }
    at_ += text.size();
  }
  // Most numbers of a line are small: of three digits and more there are fewer.
  void number(std::int64_t value) {
    if (value < 0 || value >= 100) {
      at_ = std::to_chars(at_, at_ + number_bytes_max, value).ptr;
    } else if (value >= 10) {
      two_digits(static_cast<std::uint32_t>(value));
    } else {
      character(static_cast<char>('0' + value));
    }
  }
  // With a leading zero; value: below 100.
  void two_digits(std::uint32_t value) {
    std::memcpy(at_, digit_pairs.data() + std::size_t{2} * value, 2);
    at_ += 2;
  }
  // Continues at `at`, after text that was written by other means.
  void move_to(char* at) { at_ = at; }

 private:
  static constexpr std::array<char, 200> digit_pairs = [] {
    std::array<char, 200> pairs{};
    for (std::size_t value = 0; value < 100; ++value) {
      pairs[2 * value] = static_cast<char>('0' + value / 10);
      pairs[2 * value + 1] = static_cast<char>('0' + value % 10);
    }
    return pairs;
  }();

  // Of a text of one word to two: the two may meet.
  template <class Word>
  void copy_ends(std::string_view text) {
    const std::size_t behind = text.size() - sizeof(Word);
    Word first;
    Word last;
    std::memcpy(&first, text.data(), sizeof(Word));
    std::memcpy(&last, text.data() + behind, sizeof(Word));
    std::memcpy(at_, &first, sizeof(Word));
    std::memcpy(at_ + behind, &last, sizeof(Word));
  }

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
