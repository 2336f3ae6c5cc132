#include "wire/text_measure.hpp"

#include <utility>

#include "wire/byte_block.hpp"
#include "wire/byte_lanes.hpp"
#include "wire/json_cursor.hpp"

namespace obleth::wire {
namespace {

bool is_plain(char byte) {
  return static_cast<unsigned char>(byte) < 0x80 && byte != '\\';
}

class CharacterCounter {
 public:
  explicit CharacterCounter(TextMeasure& measure) : measure_(measure) {}
  ~CharacterCounter() { add_up_blocks(); }
  CharacterCounter(const CharacterCounter&) = delete;
  CharacterCounter& operator=(const CharacterCounter&) = delete;

  // Counts whole blocks of plain ASCII at the beginning, and answers how many bytes they hold.
  std::size_t count_plain_blocks(std::string_view text) {
    std::size_t at = 0;
    ByteBlock letters_before = ByteBlock::all(in_word_);
    ByteBlock small_before = ByteBlock::all(behind_small_);
    for (; text.size() - at >= ByteBlock::width; at += ByteBlock::width) {
      const ByteBlock bytes(text.data() + at);
      if ((bytes.beyond_ascii() | bytes.equal_to('\\')).any()) break;
      if (blocks_ == ByteBlock::Sum::blocks_max) add_up_blocks();
      const ByteBlock capital = bytes.between('A', 'Z');
      const ByteBlock small = bytes.between('a', 'z');
      const ByteBlock letter = capital | small;
      ++blocks_;
      letters_ += letter;
      words_ += (letter & ~letter.behind(letters_before)) | (capital & small.behind(small_before));
      digits_ += bytes.between('0', '9');
      spaces_ += bytes.equal_to(' ');
      letters_before = letter;
      small_before = small;
    }
    in_word_ = letters_before.last();
    behind_small_ = small_before.last();
    return at;
  }

  // Counts the plain ASCII at the beginning of eight bytes, and answers how much of it there is.
  std::size_t count_plain(const char* eight_bytes) {
    const ByteLanes lanes(eight_bytes);
    const std::uint64_t special = lanes.beyond_ascii() | lanes.equal_to('\\');
    const std::size_t plain = special == 0 ? ByteLanes::width : ByteLanes::first(special);
    if (plain == 0) return 0;
    const std::uint64_t counted = ~std::uint64_t{0} >> (64 - 8 * plain);
    const std::uint64_t letters = lanes.letters() & counted;
    const std::uint64_t capitals = lanes.between('A', 'Z') & counted;
    const std::uint64_t behind_letter = letters << 8 | (in_word_ ? first_lane : 0);
    const std::uint64_t behind_small = (letters & ~capitals) << 8 | (behind_small_ ? first_lane : 0);
    const int letter_count = ByteLanes::count(letters);
    const int digits = ByteLanes::count(lanes.between('0', '9') & counted);
    const int spaces = ByteLanes::count(lanes.equal_to(' ') & counted);
    measure_.letters += letter_count;
    measure_.words += ByteLanes::count((letters & ~behind_letter) | (capitals & behind_small));
    measure_.digits += digits;
    measure_.spaces += spaces;
    measure_.punctuation += static_cast<int>(plain) - letter_count - digits - spaces;
    const std::uint64_t last_lane = first_lane << (8 * (plain - 1));
    in_word_ = (letters & last_lane) != 0;
    behind_small_ = (letters & ~capitals & last_lane) != 0;
    return plain;
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

  void add_up_blocks() {
    const std::int64_t letters = letters_.take();
    const std::int64_t digits = digits_.take();
    const std::int64_t spaces = spaces_.take();
    measure_.letters += letters;
    measure_.words += words_.take();
    measure_.digits += digits;
    measure_.spaces += spaces;
    measure_.punctuation +=
        std::exchange(blocks_, 0) * static_cast<std::int64_t>(ByteBlock::width) - letters - digits - spaces;
  }

  std::int64_t& class_of(std::uint32_t code_point) {
    if (code_point >= 0x800) return measure_.wide_characters;
    if (code_point >= 0x80) return measure_.narrow_characters;
    if (code_point >= '0' && code_point <= '9') return measure_.digits;
    if (code_point == ' ' || (code_point >= '\t' && code_point <= '\r')) return measure_.spaces;
    return measure_.punctuation;
  }

  TextMeasure& measure_;
  ByteBlock::Sum letters_, words_, digits_, spaces_;  // of blocks_ blocks
  std::int64_t blocks_ = 0;
  bool in_word_ = false;       // the character before was a letter
  bool behind_small_ = false;  // and a small one
};

}  // namespace

bool measure_string(const JsonString& text, TextMeasure& measure) {
  CharacterCounter counter(measure);
  std::string_view rest = text.raw;
  while (!rest.empty()) {
    rest.remove_prefix(counter.count_plain_blocks(rest));
    if (rest.size() >= ByteLanes::width) rest.remove_prefix(counter.count_plain(rest.data()));
    // What stopped the eight, and what is like it: escapes and characters beyond ASCII, one by one.
    while (!rest.empty() && (rest.size() < ByteLanes::width || !is_plain(rest.front()))) {
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
