#include "wire/text_measure.hpp"

#include "wire/json_cursor.hpp"

namespace obleth::wire {
namespace {

CharacterKind kind_of(std::uint32_t code_point) {
  if (code_point >= 0x80) return CharacterKind::other;
  if (code_point >= 'a' && code_point <= 'z') return CharacterKind::small;
  if (code_point >= 'A' && code_point <= 'Z') return CharacterKind::capital;
  if (code_point >= '0' && code_point <= '9') return CharacterKind::digit;
  if (code_point == ' ' || (code_point >= '\t' && code_point <= '\r')) return CharacterKind::space;
  return CharacterKind::mark;
}

}  // namespace

std::size_t TextCounter::count_plain(std::string_view text) {
  std::size_t counted = 0;
  while (counted < text.size() && is_plain(text[counted]))
    counted += plain_.count(text.substr(counted));
  behind_newline_ = behind_newline_ && counted == 0;
  return counted;
}

bool TextCounter::count(std::string_view raw) {
  while (!raw.empty()) {
    raw.remove_prefix(count_plain(raw));
    while (!raw.empty() && !is_plain(raw.front())) {
      const Utf8Character next = first_string_character(raw);
      if (next.bytes == 0) return false;
      count(next.code_point);
      raw.remove_prefix(next.bytes);
    }
  }
  return true;
}

void TextCounter::count(std::uint32_t code_point) {
  const CharacterKind kind = kind_of(code_point);
  const CharacterKind before = plain_.before();
  const std::int64_t begins = kind == before ? 0 : 1;
  const bool newline = code_point == '\n';
  switch (kind) {
    case CharacterKind::small:
    case CharacterKind::capital:
      ++measure_.letters;
      measure_.words += kind > before ? 1 : 0;
      break;
    case CharacterKind::digit:
      ++measure_.digits;
      measure_.numbers += begins;
      break;
    case CharacterKind::space:
      measure_.space_runs += begins;
      measure_.line_runs += newline && !behind_newline_ ? 1 : 0;
      break;
    case CharacterKind::mark:
      ++measure_.punctuation;
      measure_.punctuation_runs += begins;
      break;
    case CharacterKind::other:
      ++(code_point >= 0x800 ? measure_.wide_characters : measure_.narrow_characters);
  }
  behind_newline_ = newline;
  plain_.set_before(kind);
}

bool measure_json(std::string_view json, TextMeasure& measure) {
  TextCounter counter(measure);
  while (!json.empty()) {
    const auto byte = static_cast<unsigned char>(json.front());
    if (byte == '"') {
      JsonCursor cursor(json);
      const std::optional<JsonString> text = cursor.take_string();
      counter.count('"');
      if (!text || !counter.count(text->raw)) return false;
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
