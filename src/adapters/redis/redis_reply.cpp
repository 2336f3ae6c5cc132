#include "adapters/redis/redis_reply.hpp"

#include <array>
#include <charconv>

namespace obleth::adapters {
namespace {

void append_count(std::string& out, char sign, std::size_t count) {
  std::array<char, 20> digits;  // as many as a 64-bit number has
  const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), count).ptr;
  const std::string_view text(digits.data(), static_cast<std::size_t>(end - digits.data()));
  out.push_back(sign);
  out.append(text);
  out.append("\r\n");
}

}  // namespace

void append_command(std::string& out, const std::vector<std::string>& words) {
  append_count(out, '*', words.size());
  for (const std::string& word : words) {
    append_count(out, '$', word.size());
    out.append(word);
    out.append("\r\n");
  }
}

}  // namespace obleth::adapters
