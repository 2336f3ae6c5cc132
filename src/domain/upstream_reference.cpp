#include "domain/upstream_reference.hpp"

#include <algorithm>

#include "domain/http_message.hpp"

namespace obleth {
namespace {

bool is_plain(std::string_view target) {
  return std::ranges::all_of(target, [](char c) { return c > ' ' && c < 0x7F && c != '\\' && c != '#'; });
}

// Of an absolute reference: its path and query, where it stays at the upstream.
std::optional<std::string> path_at_upstream(const UpstreamAddress& upstream, std::string_view url) {
  const std::size_t path = std::min(url.find('/', url.find("://") + 3), url.find('?'));
  const auto address = parse_upstream_address(url.substr(0, path));
  if (!address || address->tls != upstream.tls || address->port != upstream.port) return std::nullopt;
  if (!equals_ignoring_case(address->host, upstream.host)) return std::nullopt;
  std::string target(path == std::string_view::npos ? std::string_view("/") : url.substr(path));
  return target.starts_with('/') ? target : "/" + target;
}

}  // namespace

std::string upstream_path(std::string_view url) {
  const std::size_t authority = url.find("://");
  if (authority == std::string_view::npos) return "/";
  const std::size_t path = url.find('/', authority + 3);
  return path == std::string_view::npos ? "/" : std::string(url.substr(path));
}

std::optional<std::string> resolve_reference(const UpstreamAddress& address, std::string_view base,
                                             std::string_view reference) {
  if (reference.empty() || reference.size() > reference_bytes_max || !is_plain(reference)) {
    return std::nullopt;
  }
  if (reference.starts_with("http://") || reference.starts_with("https://"))
    return path_at_upstream(address, reference);
  if (reference.starts_with("//")) return std::nullopt;
  if (reference.starts_with('/')) return std::string(reference);
  const std::string_view path = base.substr(0, base.find('?'));
  if (reference.starts_with('?')) return std::string(path).append(reference);
  const std::string_view name = reference.substr(0, reference.find_first_of("/?"));
  if (name.contains(':') || reference.contains("..")) return std::nullopt;
  return std::string(path.substr(0, path.rfind('/') + 1)).append(reference);
}

}  // namespace obleth
