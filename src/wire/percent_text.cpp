#include "wire/percent_text.hpp"

#include "wire/http_syntax.hpp"

namespace obleth::wire {

std::optional<std::string> percent_decoded(std::string_view text) {
  constexpr std::size_t digits = 2;
  std::string decoded;
  while (!text.empty()) {
    const char first = text.front();
    text.remove_prefix(1);
    if (first != '%') {
      decoded += first;
      continue;
    }
    if (text.size() < digits) return std::nullopt;
    const int high = hex_value(text[0]);
    const int low = hex_value(text[1]);
    if (high < 0 || low < 0) return std::nullopt;
    decoded += static_cast<char>(high * 16 + low);
    text.remove_prefix(digits);
  }
  return decoded;
}

}  // namespace obleth::wire
