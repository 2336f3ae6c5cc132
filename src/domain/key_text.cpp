#include "domain/key_text.hpp"

#include "domain/api_key.hpp"

namespace obleth {

bool holds_key(std::string_view text) {
  constexpr std::string_view start = "sk_";
  for (std::size_t at = text.find(start); at != std::string_view::npos; at = text.find(start, at + 1)) {
    if (is_well_formed_key(text.substr(at, key_secret_length))) return true;
  }
  return false;
}

}  // namespace obleth
