// The characters of HTTP, and the few loops over them that heads, trailers and targets share. Pure.
//
// Source: RFC 9110 §5.5 and §5.6, RFC 3986 §3.2.2. One table of 256 entries, one bit per class.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace obleth::wire {

enum CharClass : std::uint8_t {
  token_char = 1,   // tchar: methods and header names
  value_char = 2,   // HTAB, SP, VCHAR, obs-text: header values, reason phrases
  target_char = 4,  // visible ASCII but "#": a request target carries no fragment
  host_char = 8,    // uri-host and port, without the comma that joins repeated fields
  digit_char = 16,
  hex_char = 32,
  word_char = 64,  // letters, digits, "-", "_" and ".": what is shown as it came
};

namespace detail {

[[nodiscard]] consteval std::array<std::uint8_t, 256> make_char_classes() {
  std::array<std::uint8_t, 256> classes{};
  const auto mark = [&classes](std::string_view chars, unsigned bits) {
    for (const char c : chars) {
      auto& entry = classes[static_cast<std::uint8_t>(c)];
      entry = static_cast<std::uint8_t>(entry | bits);
    }
  };
  for (unsigned c = 0; c < 256; ++c) {
    unsigned bits = 0;
    if (c == '\t' || c == ' ' || (c > 0x20 && c != 0x7F)) bits |= value_char;
    if (c > 0x20 && c < 0x7F && c != '#') bits |= target_char;
    classes[c] = static_cast<std::uint8_t>(bits);
  }
  mark("0123456789", token_char | host_char | digit_char | hex_char | word_char);
  mark("abcdefABCDEF", hex_char);
  mark("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", token_char | host_char | word_char);
  mark("!#$%&'*+-.^_`|~", token_char);
  mark("-_.", word_char);
  mark("-._~%!$&'()*+;=:[]", host_char);
  return classes;
}

inline constexpr std::array<std::uint8_t, 256> char_classes = make_char_classes();

}  // namespace detail

[[nodiscard]] constexpr bool is_in(char c, CharClass wanted) {
  return (detail::char_classes[static_cast<std::uint8_t>(c)] & wanted) != 0;
}

// Where the run of that class ends; end when it never does.
[[nodiscard]] constexpr const char* skip_class(const char* at, const char* end, CharClass wanted) {
  while (at != end && is_in(*at, wanted))
    ++at;
  return at;
}

[[nodiscard]] constexpr bool all_in(std::string_view text, CharClass wanted) {
  const char* end = text.data() + text.size();
  return skip_class(text.data(), end, wanted) == end;
}

[[nodiscard]] constexpr bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

[[nodiscard]] constexpr std::string_view trim_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back()))
    text.remove_suffix(1);
  return text;
}

[[nodiscard]] constexpr char lower_case(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

// The value of a hex digit; negative for anything else.
[[nodiscard]] constexpr int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char low = lower_case(c);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

// Calls visit(item) for every non-empty item of a comma-separated list (RFC 9110 §5.6.1).
template <class Visit>
constexpr void for_each_list_item(std::string_view list, Visit&& visit) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    const std::string_view item = trim_blanks(list.substr(0, comma));
    if (!item.empty()) visit(item);
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace obleth::wire
