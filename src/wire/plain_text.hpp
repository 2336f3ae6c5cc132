// Counts plain characters of JSON strings by class, a vector register of them at once. Pure.
//
// Plain is ASCII that stands for itself: no backslash, control character or quote. Where whole JSON is counted, a quote
// is a mark like any other: the byte that stops a count is the backslash then.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "domain/text_measure.hpp"

namespace obleth::wire {

[[nodiscard]] constexpr bool is_plain(char byte, char stop = '"') {
  return static_cast<signed char>(byte) >= ' ' && byte != stop && byte != '\\';
}

// What a character is, so ordered that a word begins at a letter of a higher kind than the character before it.
enum class CharacterKind : signed char { space = -1, mark = 0, digit = 1, other = 2, small = 0x10, capital = 0x30 };

// Sums lane by lane, of few enough vectors that no lane overflows; and what the character before was: where words and
// runs begin depends on it.
class PlainText {
 public:
  static constexpr std::size_t width_max = 32;  // of a vector
  static constexpr std::size_t class_count = 7;
  using Lanes = std::array<std::array<unsigned char, width_max>, class_count>;

  // Counts plain characters with which text begins, and answers how many; 0: it begins with another. There may be more.
  std::size_t count(std::string_view text, char stop = '"');
  // The same, as a machine without AVX2 does it.
  std::size_t count_by_half_vectors(std::string_view text, char stop = '"');

  [[nodiscard]] CharacterKind before() const { return before_; }
  void set_before(CharacterKind kind) { before_ = kind; }
  // What was counted, which is forgotten then.
  void add_to(TextMeasure& measure);

 private:
  template <std::size_t width>
  std::size_t count_vectors(std::string_view text, char stop);
  std::size_t count_by_avx2(std::string_view text, char stop);
  void fold();

  alignas(width_max) Lanes lanes_{};
  std::array<std::int64_t, class_count> folded_{};
  std::size_t vectors_ = 0;  // that lanes_ hold
  CharacterKind before_ = CharacterKind::other;
};

}  // namespace obleth::wire
