#include "mock/json_text.hpp"

#include <array>

#include "base/json_string.hpp"

namespace obleth::mock {

void append_number(std::string& out, std::int64_t number) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  append_json_string(out, text);
  out.push_back('"');
  return out;
}

}  // namespace obleth::mock
