#include "domain/key_text.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "domain/api_key.hpp"

namespace obleth {
namespace {

constexpr std::string_view key_start = "sk_";
// An admin token has the digits of a key behind another word.
constexpr std::array<std::string_view, 2> starts = {key_start, "adm_"};
constexpr std::size_t digits_length = key_secret_length - key_start.size();

bool holds_secret(std::string_view text, std::string_view start) {
  for (std::size_t at = text.find(start); at != std::string_view::npos; at = text.find(start, at + 1)) {
    const std::string_view digits = text.substr(at + start.size(), digits_length);
    if (is_well_formed_key(std::string(key_start).append(digits))) return true;
  }
  return false;
}

}  // namespace

bool holds_key(std::string_view text) {
  return std::ranges::any_of(starts, [text](std::string_view start) { return holds_secret(text, start); });
}

std::string_view without_key(std::string_view text) {
  return holds_key(text) ? "(a key)" : text;
}

}  // namespace obleth
