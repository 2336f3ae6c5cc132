#include "ports/change_text.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace obleth::ports {
namespace {

const std::array<std::pair<std::string_view, Change>, 5> plain{{{"models", ModelsChanged{}},
                                                                {"groups", GroupsChanged{}},
                                                                {"mcp_servers", McpServersChanged{}},
                                                                {"settings", SettingsChanged{}},
                                                                {"admin_tokens", AdminTokensChanged{}}}};

}  // namespace

std::string_view take_word(std::string_view& text) {
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

std::string text_of_change(const Change& change) {
  if (const auto* tenant = std::get_if<TenantChanged>(&change)) return "tenant " + to_hex32(tenant->tenant.bits);
  if (const auto* key = std::get_if<KeyChanged>(&change)) {
    return "key " + to_hex32(key->key.bits) + " " + to_hex32(key->tenant.bits);
  }
  for (const auto& [word, meant] : plain) {
    if (meant.index() == change.index()) return std::string(word);
  }
  return "everything";
}

Change change_of_text(std::string_view text) {
  const std::string_view word = take_word(text);
  for (const auto& [known, meant] : plain) {
    if (known == word) return meant;
  }
  const auto first = bits128_from_text(take_word(text));
  if (word == "tenant" && first) return TenantChanged{TenantId{*first}};
  const auto second = bits128_from_text(take_word(text));
  if (word == "key" && first && second) return KeyChanged{KeyId{*first}, TenantId{*second}};
  return EverythingChanged{};
}

}  // namespace obleth::ports
