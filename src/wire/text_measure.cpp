#include "wire/text_measure.hpp"

#include "wire/byte_block.hpp"
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

// Of a character of two or three bytes whose first leaves nothing to doubt but that the others continue it: most
// letters of Latin, Greek, Cyrillic and Arabic script; Chinese, Japanese, most of Korean. 0: look closely.
std::size_t usual_character_bytes(std::string_view text) {
  const auto continues = [text](std::size_t at) { return (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U; };
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead >= 0xE1 && lead <= 0xEC) return text.size() > 2 && continues(1) && continues(2) ? 3 : 0;
  return lead >= 0xC2 && lead <= 0xDF && text.size() > 1 && continues(1) ? 2 : 0;
}

bool is_space(char byte) {
  return static_cast<unsigned char>(byte) <= ' ';
}

// As far as the first white space outside of strings.
std::size_t bytes_without_space(std::string_view json) {
  const char* const end = json.data() + json.size();
  const char* at = json.data();
  while (true) {
    at = find_byte(
        at, end, [](ByteBlock bytes) { return bytes.equal_to('"') | bytes.up_to(' '); },
        [](char byte) { return byte == '"' || is_space(byte); });
    if (at == end || *at != '"') return static_cast<std::size_t>(at - json.data());
    JsonCursor cursor({at, end});
    if (!cursor.take_string()) return json.size();
    at += cursor.position();
  }
}

}  // namespace

std::size_t TextCounter::count_plain(std::string_view text, char stop) {
  std::size_t counted = 0;
  while (counted < text.size() && is_plain(text[counted], stop))
    counted += plain_.count(text.substr(counted), stop);
  behind_newline_ = behind_newline_ && counted == 0;
  return counted;
}

bool TextCounter::count_to_end(std::string_view raw, char stop) {
  while (!raw.empty()) {
    raw.remove_prefix(count_plain(raw, stop));
    while (!raw.empty() && !is_plain(raw.front(), stop)) {
      if (const std::size_t bytes = usual_character_bytes(raw); bytes > 0) {
        count_beyond_ascii(bytes == 3);
        raw.remove_prefix(bytes);
        continue;
      }
      const Utf8Character next = first_string_character(raw);
      if (next.bytes == 0) return false;
      count_character(next.code_point);
      raw.remove_prefix(next.bytes);
    }
  }
  return true;
}

void TextCounter::count_character(std::uint32_t code_point) {
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
      count_beyond_ascii(code_point >= 0x800);
      return;
  }
  behind_newline_ = newline;
  plain_.set_before(kind);
}

void TextCounter::count_beyond_ascii(bool is_wide) {
  ++(is_wide ? measure_.wide_characters : measure_.narrow_characters);
  behind_newline_ = false;
  plain_.set_before(CharacterKind::other);
}

bool measure_json(std::string_view json, TextMeasure& measure) {
  TextCounter counter(measure);
  while (!json.empty()) {
    const std::size_t bytes = bytes_without_space(json);
    if (!counter.count_json(json.substr(0, bytes))) return false;
    json.remove_prefix(bytes);
    while (!json.empty() && is_space(json.front()))
      json.remove_prefix(1);
  }
  return true;
}

}  // namespace obleth::wire
