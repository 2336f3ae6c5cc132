#include "adapters/http_server/client_address.hpp"

#include <optional>
#include <ranges>
#include <string_view>

namespace obleth::adapters {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

// An address, with or without a port.
std::optional<NetAddress> hop_from(std::string_view text) {
  if (const auto plain = NetAddress::parse(text, 0)) return plain;
  return NetAddress::parse_with_port(text);
}

}  // namespace

NetAddress client_behind_proxies(const NetAddress& peer, const RequestHead& head, const HttpListener& listener) {
  NetAddress client = peer;
  if (!listener.trusts(client)) return client;
  // Several header lines are one list (RFC 9110 §5.3), so the last line holds the nearest hops.
  for (const HeaderField& field : std::views::reverse(head.fields.fields())) {
    if (!equals_ignoring_case(field.name, "x-forwarded-for")) continue;
    std::string_view hops = field.value;
    while (!hops.empty()) {
      const std::size_t comma = hops.rfind(',');
      const std::string_view last = comma == std::string_view::npos ? hops : hops.substr(comma + 1);
      const auto hop = hop_from(trimmed(last));
      if (!hop) return client;
      client = *hop;
      if (!listener.trusts(client)) return client;
      hops = comma == std::string_view::npos ? std::string_view() : hops.substr(0, comma);
    }
  }
  return client;
}

}  // namespace obleth::adapters
