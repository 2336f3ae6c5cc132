#include "wire/json_cursor.hpp"

#include <bitset>

namespace obleth::wire {
namespace {

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_hex_digit(char c) {
  return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

}  // namespace

// Stops at the end where a text ends in the middle, so that a walk over a part of a text can tell that from a fault.
bool JsonCursor::stop_at_end() {
  at_ = end_;
  return false;
}

// Past the one space that compact JSON has, or the indentation of another.
void JsonCursor::skip_space() {
  const auto is_space = [](char byte) { return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t'; };
  if (!is_space(*at_)) return;
  ++at_;
  if (at_ == end_ || !is_space(*at_)) return;
  const auto no_spaces = [](ByteBlock bytes) {
    return ~(bytes.equal_to(' ') | bytes.equal_to('\n') | bytes.equal_to('\r') | bytes.equal_to('\t'));
  };
  at_ = find_byte(at_, end_, no_spaces, [&is_space](char byte) { return !is_space(byte); });
}

// On the backslash.
bool JsonCursor::skip_escape() {
  if (end_ - at_ < 2) return stop_at_end();
  const char kind = at_[1];
  at_ += 2;
  if (kind != 'u') return std::string_view("\"\\/bfnrt").contains(kind);
  constexpr std::ptrdiff_t hex_digits = 4;
  const char* const last = at_ + std::min(end_ - at_, hex_digits);
  if (!std::all_of(at_, last, is_hex_digit)) return false;
  if (last - at_ < hex_digits) return stop_at_end();
  at_ = last;
  return true;
}

// With an escape, or none that ends. special: what stands in it first.
std::optional<JsonString> JsonCursor::take_other_string(const char* special) {
  const char* const first = at_;
  while (special != end_ && *special == '\\') {
    at_ = special;
    if (!skip_escape()) return std::nullopt;
    special = find_special(at_);
  }
  at_ = special;
  if (special == end_ || *special != '"') return std::nullopt;
  ++at_;
  return JsonString{{first, special}, true};
}

bool JsonCursor::skip_digits() {
  const char* const first = at_;
  while (at_ != end_ && is_digit(*at_))
    ++at_;
  return at_ != first;
}

std::optional<std::string_view> JsonCursor::take_number() {
  peek();
  const char* const first = at_;
  if (at_ != end_ && *at_ == '-') ++at_;
  const bool leading_zero = at_ != end_ && *at_ == '0';
  const char* const digits = at_;
  if (!skip_digits() || (leading_zero && at_ - digits > 1)) return std::nullopt;
  if (at_ != end_ && *at_ == '.') {
    ++at_;
    if (!skip_digits()) return std::nullopt;
  }
  if (at_ != end_ && (*at_ | 0x20) == 'e') {
    ++at_;
    if (at_ != end_ && (*at_ == '+' || *at_ == '-')) ++at_;
    if (!skip_digits()) return std::nullopt;
  }
  return std::string_view(first, at_);
}

bool JsonCursor::take_literal(std::string_view literal) {
  peek();
  const std::string_view rest(at_, end_);
  if (rest.size() < literal.size() && literal.starts_with(rest)) return stop_at_end();
  if (!rest.starts_with(literal)) return false;
  at_ += literal.size();
  return true;
}

bool JsonCursor::skip_scalar() {
  switch (peek()) {
    case '"':
      return take_string().has_value();
    case 't':
      return take_literal("true");
    case 'f':
      return take_literal("false");
    case 'n':
      return take_literal("null");
    default:
      return take_number().has_value();
  }
}

bool JsonCursor::skip_other_value() {
  const char next = peek();
  return next == '{' || next == '[' ? skip_container() : skip_scalar();
}

// Nesting is a stack of bits, so that a hostile depth costs no stack of ours.
bool JsonCursor::skip_container() {
  std::bitset<json_depth_max + 1> inside_object;
  const std::uint32_t outer = depth_;
  while (true) {
    const char next = peek();
    bool complete = true;
    if (next == '{' || next == '[') {
      if (!enter(next)) return false;
      inside_object[depth_] = next == '{';
      complete = peek() == (next == '{' ? '}' : ']');
      if (complete) leave(*at_);
    } else if (!skip_scalar()) {
      return false;
    }
    while (complete && depth_ > outer) {
      if (take(',')) break;
      if (!leave(inside_object[depth_] ? '}' : ']')) return false;
    }
    if (complete && depth_ == outer) return true;
    if (inside_object[depth_] && (peek() != '"' || !take_string() || !take(':'))) return false;
  }
}

}  // namespace obleth::wire
