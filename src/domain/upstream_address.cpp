#include "domain/upstream_address.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/append_all.hpp"

namespace obleth {
namespace {

constexpr std::size_t host_length_max = 253;

Fault bad_url(std::string_view what) {
  return client_fault(FaultKind::invalid,
                      std::string(what) + " Give a base URL such as http://vllm-1:8000/v1 or https://host/v1.",
                      "api_base");
}

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

bool is_path_character(char c) {
  return c > ' ' && c < 0x7F && c != '"' && c != '<' && c != '>' && c != '\\';
}

struct HostAndPort {
  std::string_view host;
  std::string_view port;  // empty: the scheme's own
  bool bracketed = false;
};

std::optional<HostAndPort> split_authority(std::string_view authority) {
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    const std::string_view host = authority.substr(1, close - 1);
    const std::string_view rest = authority.substr(close + 1);
    const auto is_ipv6 = [](char c) {
      return std::isxdigit(static_cast<unsigned char>(c)) != 0 || c == ':' || c == '.';
    };
    if (host.empty() || !std::ranges::all_of(host, is_ipv6)) return std::nullopt;
    if (!rest.empty() && (rest.front() != ':' || rest.size() == 1)) return std::nullopt;
    return HostAndPort{host, rest.empty() ? rest : rest.substr(1), true};
  }
  const std::size_t colon = authority.find(':');
  const std::string_view host = authority.substr(0, colon);
  if (host.empty() || host.size() > host_length_max || !std::ranges::all_of(host, is_host_character))
    return std::nullopt;
  if (colon == std::string_view::npos) return HostAndPort{host, {}, false};
  if (colon + 1 == authority.size()) return std::nullopt;
  return HostAndPort{host, authority.substr(colon + 1), false};
}

std::optional<std::uint16_t> parse_port(std::string_view digits, std::uint16_t scheme_port) {
  if (digits.empty()) return scheme_port;
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size() || port == 0) return std::nullopt;
  return port;
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::string base_path_of(std::string_view path) {
  while (path.ends_with('/'))
    path.remove_suffix(1);
  if (path.ends_with("/v1")) path.remove_suffix(3);
  while (path.ends_with('/'))
    path.remove_suffix(1);
  return std::string(path);
}

}  // namespace

Result<UpstreamAddress> parse_upstream_address(std::string_view url) {
  UpstreamAddress address;
  if (url.starts_with("https://")) {
    address.tls = true;
    url.remove_prefix(8);
  } else if (url.starts_with("http://")) {
    url.remove_prefix(7);
  } else {
    return fail(bad_url("The URL must start with http:// or https://."));
  }
  const std::size_t slash = url.find('/');
  const std::string_view authority = url.substr(0, slash);
  if (authority.contains('@')) return fail(bad_url("The URL may not hold a user or a password."));
  const std::string_view path = slash == std::string_view::npos ? std::string_view{} : url.substr(slash);
  if (path.find_first_of("?#") != std::string_view::npos || !std::ranges::all_of(path, is_path_character)) {
    return fail(bad_url("The URL's path may not hold a query, a fragment or unprintable characters."));
  }
  const auto parts = split_authority(authority);
  if (!parts) return fail(bad_url("The URL's host is not valid."));
  const std::uint16_t scheme_port = address.tls ? 443 : 80;
  const auto port = parse_port(parts->port, scheme_port);
  if (!port) return fail(bad_url("The URL's port must be 1 to 65535."));
  address.host = parts->host;
  address.port = *port;
  address.authority = parts->bracketed ? "[" + address.host + "]" : address.host;
  if (*port != scheme_port) address.authority += ":" + std::to_string(*port);
  address.base_path = base_path_of(path);
  return address;
}

bool is_disguised_address(std::string_view host) {
  if (host.contains(':')) return false;
  const std::size_t written = host.size();
  while (host.ends_with('.'))
    host.remove_suffix(1);
  const std::string_view last = host.substr(host.rfind('.') == std::string_view::npos ? 0 : host.rfind('.') + 1);
  const bool numeric = all_digits(last) || last.starts_with("0x") || last.starts_with("0X");
  if (!numeric) return false;
  if (host.size() != written || std::ranges::count(host, '.') != 3) return true;
  while (!host.empty()) {
    const std::string_view part = host.substr(0, host.find('.'));
    const bool plain = all_digits(part) && part.size() <= 3 && (part.size() == 1 || part.front() != '0');
    if (!plain) return true;
    host.remove_prefix(std::min(host.size(), part.size() + 1));
  }
  return false;
}

void append_target(std::string& out, const UpstreamAddress& address, std::string_view raw_target) {
  append_all(out, {address.base_path, raw_target.starts_with('/') ? "" : "/", raw_target});
}

std::string join_target(const UpstreamAddress& address, std::string_view raw_target) {
  std::string target;
  append_target(target, address, raw_target);
  return target;
}

}  // namespace obleth
