#include "adapters/redis/change_text.hpp"

#include <array>
#include <utility>

namespace obleth::adapters {
namespace {

constexpr std::string_view layout = "1";

struct ToText {
  std::string operator()(const ports::EverythingChanged&) const { return "everything"; }
  std::string operator()(const ports::ModelsChanged&) const { return "models"; }
  std::string operator()(const ports::GroupsChanged&) const { return "groups"; }
  std::string operator()(const ports::McpServersChanged&) const { return "mcp_servers"; }
  std::string operator()(const ports::SettingsChanged&) const { return "settings"; }
  std::string operator()(const ports::AdminTokensChanged&) const { return "admin_tokens"; }
  std::string operator()(const ports::TenantChanged& change) const { return "tenant " + change.tenant.hex(); }
  std::string operator()(const ports::KeyChanged& change) const {
    return "key " + change.key.hex() + " " + change.tenant.hex();
  }
};

std::string_view take_word(std::string_view& text) {
  const std::size_t end = text.find(' ');
  const std::string_view word = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return word;
}

ports::Change change_of(std::string_view kind, std::string_view rest) {
  const std::array<std::pair<std::string_view, ports::Change>, 5> plain{
      {{"models", ports::ModelsChanged{}},
       {"groups", ports::GroupsChanged{}},
       {"mcp_servers", ports::McpServersChanged{}},
       {"settings", ports::SettingsChanged{}},
       {"admin_tokens", ports::AdminTokensChanged{}}}};
  for (const auto& [name, change] : plain) {
    if (kind == name) return change;
  }
  const std::string_view first = take_word(rest);
  if (kind == "tenant") {
    if (const auto tenant = TenantId::from_text(first)) return ports::TenantChanged{*tenant};
  }
  if (kind == "key") {
    const auto key = KeyId::from_text(first);
    const auto tenant = TenantId::from_text(take_word(rest));
    if (key && tenant) return ports::KeyChanged{*key, *tenant};
  }
  return ports::EverythingChanged{};
}

}  // namespace

std::string encode_change(const ports::Change& change, std::string_view sender) {
  std::string text(layout);
  text.append(" ").append(sender).append(" ");
  return text.append(std::visit(ToText{}, change));
}

std::optional<ports::Change> decode_change(std::string_view text, std::string_view own_name) {
  if (take_word(text) != layout) return ports::EverythingChanged{};
  if (take_word(text) == own_name) return std::nullopt;
  const std::string_view kind = take_word(text);
  return change_of(kind, text);
}

}  // namespace obleth::adapters
