// Walks once over a JSON text (RFC 8259), strictly, from its first byte to its last. No tree, no copy, no recursion.
//
// A function that answers false or nullopt met a text that is not JSON, or a value of another type, and the walk is
// over; it stands at the end where the text only ended too soon. Strings are checked for escapes and control
// characters; UTF-8 is the business of who reads them. One walk.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

#include "wire/byte_block.hpp"
#include "wire/json_text.hpp"

namespace obleth::wire {

inline constexpr std::uint32_t json_depth_max = 512;  // objects and arrays inside one another

class JsonCursor {
 public:
  explicit JsonCursor(std::string_view text) : begin_(text.data()), at_(begin_), end_(begin_ + text.size()) {}

  // Bytes walked over so far.
  [[nodiscard]] std::size_t position() const { return static_cast<std::size_t>(at_ - begin_); }
  // Where a part of the text, as this cursor gave it out, begins.
  [[nodiscard]] std::size_t position_of(std::string_view part) const {
    return static_cast<std::size_t>(part.data() - begin_);
  }
  // What lies between an earlier position and this one.
  [[nodiscard]] std::string_view since(std::size_t earlier) const { return {begin_ + earlier, at_}; }
  [[nodiscard]] bool too_deep() const { return too_deep_; }

  // The next byte that is not white space, not yet taken; NUL at the end.
  char peek() {
    if (at_ != end_ && static_cast<unsigned char>(*at_) <= ' ') skip_space();
    return at_ == end_ ? '\0' : *at_;
  }
  // wanted: not NUL.
  bool take(char wanted) {
    const bool is_here = at_ != end_ && *at_ == wanted;
    if (!is_here && peek() != wanted) return false;
    ++at_;
    return true;
  }
  [[nodiscard]] bool at_end() { return peek() == '\0' && at_ == end_; }

  // plain: how many bytes behind the quote are known to be neither quotes, backslashes nor control characters.
  std::optional<JsonString> take_string(std::size_t plain = 0);
  // What stands behind the quote that comes next, to the end of the text; empty where none comes.
  [[nodiscard]] std::string_view inside_of_string() {
    return peek() == '"' ? std::string_view(at_ + 1, end_) : std::string_view();
  }
  std::optional<std::string_view> take_number();  // its text
  // Digits alone and few enough, as most numbers are. Nothing: it is not so, or may go on, and nothing is taken.
  std::optional<std::int64_t> take_count();
  bool take_literal(std::string_view literal);  // true, false, null
  bool take_null() { return peek() == 'n' && take_literal("null"); }
  bool skip_value() { return take_count().has_value() || skip_other_value(); }

  // An object, member by member: visit(key) takes the value, and answers whether to go on.
  template <class Visit>
  bool take_object(Visit&& visit) {
    if (!enter('{')) return false;
    return peek() == '}' ? leave('}') : take_members(visit);
  }
  // The top-level object once its beginning, up to the value of a member, is known from another text that began so.
  template <class Visit>
  bool resume_object(std::size_t position, const JsonString& key, Visit&& visit) {
    at_ = begin_ + position;
    depth_ = 1;
    if (!visit(key)) return false;
    return take(',') ? take_members(visit) : leave('}');
  }
  // An array, element by element: visit() takes the value.
  template <class Visit>
  bool take_array(Visit&& visit) {
    if (!enter('[')) return false;
    if (peek() == ']') return leave(']');
    do {
      if (!visit()) return false;
    } while (take(','));
    return leave(']');
  }

 private:
  bool enter(char open) {
    too_deep_ = too_deep_ || depth_ >= json_depth_max;
    if (too_deep_ || !take(open)) return false;
    ++depth_;
    return true;
  }
  template <class Visit>
  bool take_members(Visit& visit) {
    do {
      const std::optional<JsonString> key = take_string();
      if (!key || !take(':') || !visit(*key)) return false;
    } while (take(','));
    return leave('}');
  }
  bool leave(char close) {
    --depth_;
    return take(close);
  }
  void skip_space();
  bool skip_other_value();
  bool skip_scalar();
  bool skip_container();
  bool skip_escape();
  bool stop_at_end();
  [[nodiscard]] const char* find_special(const char* at) const;
  std::optional<JsonString> take_other_string(const char* special);
  bool skip_digits();

  const char* begin_;
  const char* at_;
  const char* end_;
  std::uint32_t depth_ = 0;
  bool too_deep_ = false;
};

inline std::optional<JsonString> JsonCursor::take_string(std::size_t plain) {
  if (!take('"')) return std::nullopt;
  const char* const first = at_;
  const char* const special = find_special(first + plain);
  if (special == end_ || *special != '"') return take_other_string(special);
  at_ = special + 1;
  return JsonString{{first, special}, false};
}

// The quote, backslash or control character that comes next in a string.
inline const char* JsonCursor::find_special(const char* at) const {
  return find_byte(
      at, end_, [](ByteBlock bytes) { return bytes.equal_to('"') | bytes.equal_to('\\') | bytes.up_to('\x1F'); },
      [](char byte) { return byte == '"' || byte == '\\' || static_cast<unsigned char>(byte) < ' '; });
}

inline std::optional<std::int64_t> JsonCursor::take_count() {
  constexpr std::ptrdiff_t digits_max = 18;  // of those every number fits
  const auto is_digit = [](char byte) { return byte >= '0' && byte <= '9'; };
  const char first = peek();
  if (!is_digit(first)) return std::nullopt;
  const char* const last = end_ - at_ > digits_max ? at_ + digits_max : end_;
  const char* at = at_ + 1;
  std::int64_t count = first - '0';
  for (; at != last && is_digit(*at); ++at)
    count = count * 10 + (*at - '0');
  if (at == end_ || (first == '0' && at - at_ > 1)) return std::nullopt;
  const bool ends = *at == ',' || *at == '}' || (!is_digit(*at) && *at != '.' && (*at | ' ') != 'e');
  if (!ends) return std::nullopt;
  at_ = at;
  return count;
}

}  // namespace obleth::wire
