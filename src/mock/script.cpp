#include "mock/script.hpp"

#include <algorithm>
#include <array>

#include "base/json_string.hpp"

namespace obleth::mock {
namespace {

constexpr std::size_t forced_piece_bytes = 4;  // about what one token of JSON holds

// Each with the space that parts it from the word before; the first token of an answer goes without.
constexpr std::array<std::string_view, 32> words = {
    " the",     " quick",  " river",  " turns", " and",     " every", " boat",  " finds", " its",   " turn",  " at",
    " the",     " narrow", " bridge", " while", " patient", " hands", " count", " small", " waves", " until", " light",
    " returns", " over",   " calm",   " water", " then",    " all",   " of",    " them",  " go",    " home"};

bool continues_character(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

}  // namespace

Script::Script(std::string_view forced) : is_forced_(true) {
  while (!forced.empty()) {
    std::size_t length = std::min(forced_piece_bytes, forced.size());
    while (length < forced.size() && continues_character(forced[length]))
      ++length;
    append_json_string(pieces_.emplace_back(), forced.substr(0, length));
    forced.remove_prefix(length);
  }
}

std::string_view Script::piece(std::int64_t token) const {
  const auto at = static_cast<std::size_t>(token);
  if (is_forced_) return pieces_[at];
  const std::string_view word = words[at % words.size()];
  return token == 0 ? word.substr(1) : word;
}

void Script::append(std::string& out, std::int64_t tokens) const {
  for (std::int64_t token = 0; token < tokens; ++token)
    out.append(piece(token));
}

}  // namespace obleth::mock
