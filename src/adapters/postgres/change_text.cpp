#include "adapters/postgres/change_text.hpp"

#include <array>
#include <utility>

namespace obleth::adapters {
namespace {

const std::array<std::pair<std::string_view, ports::Change>, 5> plain{{{"models", ports::ModelsChanged{}},
                                                                       {"groups", ports::GroupsChanged{}},
                                                                       {"mcp_servers", ports::McpServersChanged{}},
                                                                       {"settings", ports::SettingsChanged{}},
                                                                       {"admin_tokens", ports::AdminTokensChanged{}}}};

std::string_view take_word(std::string_view& text) {
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

}  // namespace

std::string text_of_change(const ports::Change& change) {
  if (const auto* tenant = std::get_if<ports::TenantChanged>(&change)) return "tenant " + to_hex32(tenant->tenant.bits);
  if (const auto* key = std::get_if<ports::KeyChanged>(&change)) {
    return "key " + to_hex32(key->key.bits) + " " + to_hex32(key->tenant.bits);
  }
  for (const auto& [word, meant] : plain) {
    if (meant.index() == change.index()) return std::string(word);
  }
  return "everything";
}

ports::Change change_of_text(std::string_view text) {
  const std::string_view word = take_word(text);
  for (const auto& [known, meant] : plain) {
    if (known == word) return meant;
  }
  const auto first = bits128_from_text(take_word(text));
  if (word == "tenant" && first) return ports::TenantChanged{TenantId{*first}};
  const auto second = bits128_from_text(take_word(text));
  if (word == "key" && first && second) return ports::KeyChanged{KeyId{*first}, TenantId{*second}};
  return ports::EverythingChanged{};
}

}  // namespace obleth::adapters
