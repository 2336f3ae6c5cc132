// The rule by which text is measured, character by character: what the vectors of wire/plain_text are held against.
#pragma once

#include "domain/text_measure.hpp"

namespace obleth::wire {

class PlainRule {
 public:
  void add(unsigned character) {
    const auto is_letter = [](unsigned c) { return is_capital(c) || is_small(c); };
    const auto is_digit = [](unsigned c) { return c >= '0' && c <= '9'; };
    const auto is_space = [](unsigned c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
    const auto is_mark = [&](unsigned c) { return c < 0x80 && !is_letter(c) && !is_digit(c) && !is_space(c); };
    const auto run = [&](auto in_class) { return in_class(character) && !in_class(before_) ? 1 : 0; };
    measure.letters += is_letter(character) ? 1 : 0;
    measure.words += run(is_letter) + (is_capital(character) && is_small(before_) ? 1 : 0);
    measure.digits += is_digit(character) ? 1 : 0;
    measure.numbers += run(is_digit);
    measure.space_runs += run(is_space);
    measure.line_runs += run([](unsigned c) { return c == '\n'; });
    measure.punctuation += is_mark(character) ? 1 : 0;
    measure.punctuation_runs += run(is_mark);
    measure.wide_characters += character >= 0x800 ? 1 : 0;
    measure.narrow_characters += character >= 0x80 && character < 0x800 ? 1 : 0;
    before_ = character >= 0x80 ? no_ascii : character;
  }
  TextMeasure measure;

 private:
  static bool is_capital(unsigned c) { return c >= 'A' && c <= 'Z'; }
  static bool is_small(unsigned c) { return c >= 'a' && c <= 'z'; }
  static constexpr unsigned no_ascii = 0x80;  // or the beginning of a text
  unsigned before_ = no_ascii;
};

}  // namespace obleth::wire
