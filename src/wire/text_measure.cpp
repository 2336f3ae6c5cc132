#include "wire/text_measure.hpp"

#include "wire/byte_lanes.hpp"
#include "wire/json_cursor.hpp"

namespace obleth::wire {
namespace {

class CharacterCounter {
 public:
  explicit CharacterCounter(TextMeasure& measure) : measure_(measure) {}

  // Eight bytes of plain ASCII; false when they are not, and nothing is counted.
  bool count_eight(const char* bytes) {
    const ByteLanes lanes(bytes);
    if ((lanes.beyond_ascii() | lanes.equal_to('\\')) != 0) return false;
    const std::uint64_t letters = lanes.letters();
    const std::uint64_t capitals = lanes.between('A', 'Z');
    const std::uint64_t behind_letter = letters << 8 | (in_word_ ? first_lane : 0);
    const std::uint64_t behind_small = (letters & ~capitals) << 8 | (behind_small_ ? first_lane : 0);
    const int letter_count = ByteLanes::count(letters);
    const int digits = ByteLanes::count(lanes.between('0', '9'));
    const int spaces = ByteLanes::count(lanes.equal_to(' '));
    measure_.letters += letter_count;
    measure_.words += ByteLanes::count((letters & ~behind_letter) | (capitals & behind_small));
    measure_.digits += digits;
    measure_.spaces += spaces;
    measure_.punctuation += static_cast<int>(ByteLanes::width) - letter_count - digits - spaces;
    in_word_ = letters >> 63 != 0;
    behind_small_ = (letters & ~capitals) >> 63 != 0;
    return true;
  }

  void count(std::uint32_t code_point) {
    const bool small = code_point >= 'a' && code_point <= 'z';
    const bool capital = code_point >= 'A' && code_point <= 'Z';
    if (small || capital) {
      ++measure_.letters;
      measure_.words += !in_word_ || (capital && behind_small_) ? 1 : 0;
    } else {
      ++class_of(code_point);
      measure_.newlines += code_point == '\n' ? 1 : 0;
    }
    in_word_ = small || capital;
    behind_small_ = small;
  }

 private:
  static constexpr std::uint64_t first_lane = 0x80;

  std::int64_t& class_of(std::uint32_t code_point) {
    if (code_point >= 0x800) return measure_.wide_characters;
    if (code_point >= 0x80) return measure_.narrow_characters;
    if (code_point >= '0' && code_point <= '9') return measure_.digits;
    if (code_point == ' ' || (code_point >= '\t' && code_point <= '\r')) return measure_.spaces;
    return measure_.punctuation;
  }

  TextMeasure& measure_;
  bool in_word_ = false;       // the character before was a letter
  bool behind_small_ = false;  // and a small one
};

}  // namespace

bool measure_string(const JsonString& text, TextMeasure& measure) {
  CharacterCounter counter(measure);
  std::string_view rest = text.raw;
  while (!rest.empty()) {
    while (rest.size() >= ByteLanes::width && counter.count_eight(rest.data()))
      rest.remove_prefix(ByteLanes::width);
    // What stopped the eight lies within the next eight bytes: take them one by one.
    const std::size_t slow_end = rest.size() - std::min(rest.size(), ByteLanes::width);
    while (!rest.empty() && rest.size() > slow_end) {
      const Utf8Character next = first_string_character(rest);
      if (next.bytes == 0) return false;
      counter.count(next.code_point);
      rest.remove_prefix(next.bytes);
    }
  }
  return true;
}

bool measure_json(std::string_view json, TextMeasure& measure) {
  CharacterCounter counter(measure);
  while (!json.empty()) {
    if (json.front() == '"') {
      JsonCursor cursor(json);
      const std::optional<JsonString> text = cursor.take_string();
      if (!text || !measure_string(*text, measure)) return false;
      measure.punctuation += 2;
      json.remove_prefix(cursor.position());
      continue;
    }
    const auto byte = static_cast<unsigned char>(json.front());
    if (byte > ' ') counter.count(byte);
    json.remove_prefix(1);
  }
  return true;
}

}  // namespace obleth::wire
