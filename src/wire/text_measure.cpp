#include "wire/text_measure.hpp"

#include <cstdint>

#include "wire/byte_block.hpp"
#include "wire/byte_lanes.hpp"
#include "wire/json_cursor.hpp"

namespace obleth::wire {
namespace {

bool is_plain(char byte) {
  return static_cast<unsigned char>(byte) < 0x80 && byte != '\\';
}

// What the character before was: where words and runs begin depends on it.
enum class Kind : std::uint8_t { none, small, capital, digit, space, newline, mark, other };

// Sixteen characters of plain ASCII, class by class.
struct PlainClasses {
  explicit PlainClasses(ByteBlock bytes)
      : capital(bytes.between('A', 'Z')),
        small(bytes.between('a', 'z')),
        letter(capital | small),
        digit(bytes.between('0', '9')),
        space(bytes.equal_to(' ')),
        mark(~(letter | digit | space)) {}
  ByteBlock capital, small, letter, digit, space, mark;
};

class CharacterCounter {
 public:
  explicit CharacterCounter(TextMeasure& measure) : measure_(measure) {}
  ~CharacterCounter() { add_up_blocks(); }
  CharacterCounter(const CharacterCounter&) = delete;
  CharacterCounter& operator=(const CharacterCounter&) = delete;

  // Counts whole blocks of plain ASCII at the beginning, and answers how many bytes they hold.
  std::size_t count_plain_blocks(std::string_view text) {
    std::size_t at = 0;
    for (; text.size() - at >= ByteBlock::width; at += ByteBlock::width) {
      const ByteBlock bytes(text.data() + at);
      if ((bytes.beyond_ascii() | bytes.equal_to('\\')).any()) break;
      if (blocks_ == ByteBlock::Sum::blocks_max) add_up_blocks();
      ++blocks_;
      const PlainClasses classes(bytes);
      // The bytes before are looked at once more: as cheap as to shift what was found, and nothing is carried on.
      add_block(classes, at == 0 ? behind_first(classes) : PlainClasses(ByteBlock(text.data() + at - 1)));
    }
    if (at > 0) before_ = kind_of(static_cast<unsigned char>(text[at - 1]));
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
    const std::uint64_t small = letters & ~capitals;
    const std::uint64_t digits = lanes.between('0', '9') & counted;
    const std::uint64_t spaces = lanes.equal_to(' ') & counted;
    const std::uint64_t marks = every_lane & counted & ~(letters | digits | spaces);
    measure_.letters += ByteLanes::count(letters);
    measure_.words += ByteLanes::count(runs(letters, behind_letter()) |
                                       (capitals & (small << 8 | (before_ == Kind::small ? first_lane : 0))));
    measure_.digits += ByteLanes::count(digits);
    measure_.numbers += ByteLanes::count(runs(digits, before_ == Kind::digit));
    measure_.space_runs += ByteLanes::count(runs(spaces, behind_space()));
    measure_.punctuation += ByteLanes::count(marks);
    measure_.punctuation_runs += ByteLanes::count(runs(marks, before_ == Kind::mark));
    const std::uint64_t last_lane = first_lane << (8 * (plain - 1));
    before_ = (small & last_lane) != 0     ? Kind::small
              : (letters & last_lane) != 0 ? Kind::capital
              : (digits & last_lane) != 0  ? Kind::digit
              : (spaces & last_lane) != 0  ? Kind::space
                                           : Kind::mark;
    return plain;
  }

  void count(std::uint32_t code_point) {
    const Kind kind = kind_of(code_point);
    switch (kind) {
      case Kind::small:
      case Kind::capital:
        ++measure_.letters;
        measure_.words += !behind_letter() || (kind == Kind::capital && before_ == Kind::small) ? 1 : 0;
        break;
      case Kind::digit:
        ++measure_.digits;
        measure_.numbers += before_ == Kind::digit ? 0 : 1;
        break;
      case Kind::space:
      case Kind::newline:
        measure_.space_runs += behind_space() ? 0 : 1;
        measure_.line_runs += kind == Kind::newline && before_ != Kind::newline ? 1 : 0;
        break;
      case Kind::mark:
        ++measure_.punctuation;
        measure_.punctuation_runs += before_ == Kind::mark ? 0 : 1;
        break;
      case Kind::none:
      case Kind::other:
        ++(code_point >= 0x800 ? measure_.wide_characters : measure_.narrow_characters);
    }
    before_ = kind;
  }

 private:
  static constexpr std::uint64_t first_lane = 0x80;
  static constexpr std::uint64_t every_lane = 0x8080808080808080ULL;

  [[nodiscard]] bool behind_letter() const { return before_ == Kind::small || before_ == Kind::capital; }
  [[nodiscard]] bool behind_space() const { return before_ == Kind::space || before_ == Kind::newline; }
  // Where runs of lanes begin.
  static std::uint64_t runs(std::uint64_t lanes, bool before) {
    return lanes & ~(lanes << 8 | (before ? first_lane : 0));
  }

  static Kind kind_of(std::uint32_t code_point) {
    if (code_point >= 0x80) return Kind::other;
    if (code_point >= 'a' && code_point <= 'z') return Kind::small;
    if (code_point >= 'A' && code_point <= 'Z') return Kind::capital;
    if (code_point >= '0' && code_point <= '9') return Kind::digit;
    if (code_point == '\n') return Kind::newline;
    if (code_point == ' ' || (code_point >= '\t' && code_point <= '\r')) return Kind::space;
    return Kind::mark;
  }

  // The neighbours of the first block of a text.
  [[nodiscard]] PlainClasses behind_first(const PlainClasses& classes) const {
    PlainClasses before = classes;
    before.small = classes.small.behind(ByteBlock::all(before_ == Kind::small));
    before.letter = classes.letter.behind(ByteBlock::all(behind_letter()));
    before.digit = classes.digit.behind(ByteBlock::all(before_ == Kind::digit));
    before.space = classes.space.behind(ByteBlock::all(behind_space()));
    before.mark = classes.mark.behind(ByteBlock::all(before_ == Kind::mark));
    return before;
  }

  void add_block(const PlainClasses& here, const PlainClasses& before) {
    letters_ += here.letter;
    words_ += (here.letter & ~before.letter) | (here.capital & before.small);
    digits_ += here.digit;
    numbers_ += here.digit & ~before.digit;
    space_runs_ += here.space & ~before.space;
    marks_ += here.mark;
    mark_runs_ += here.mark & ~before.mark;
  }

  void add_up_blocks() {
    measure_.letters += letters_.take();
    measure_.words += words_.take();
    measure_.digits += digits_.take();
    measure_.numbers += numbers_.take();
    measure_.space_runs += space_runs_.take();
    measure_.punctuation += marks_.take();
    measure_.punctuation_runs += mark_runs_.take();
    blocks_ = 0;
  }

  TextMeasure& measure_;
  ByteBlock::Sum letters_, words_, digits_, numbers_, space_runs_, marks_, mark_runs_;  // of blocks_ blocks
  std::int64_t blocks_ = 0;
  Kind before_ = Kind::none;
};

// False: not UTF-8.
bool count_text(CharacterCounter& counter, std::string_view rest) {
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

}  // namespace

bool measure_string(const JsonString& text, TextMeasure& measure) {
  CharacterCounter counter(measure);
  return count_text(counter, text.raw);
}

bool measure_json(std::string_view json, TextMeasure& measure) {
  CharacterCounter counter(measure);
  while (!json.empty()) {
    const auto byte = static_cast<unsigned char>(json.front());
    if (byte == '"') {
      JsonCursor cursor(json);
      const std::optional<JsonString> text = cursor.take_string();
      counter.count('"');
      if (!text || !count_text(counter, text->raw)) return false;
      counter.count('"');
      json.remove_prefix(cursor.position());
      continue;
    }
    if (byte > ' ') counter.count(byte);
    json.remove_prefix(1);
  }
  return true;
}

}  // namespace obleth::wire
