#include "adapters/redis/redis_settings.hpp"

#include <charconv>
#include <optional>

#include "wire/percent_text.hpp"

namespace obleth::adapters {
namespace {

constexpr std::uint32_t database_max = 65'535;

std::unexpected<Fault> bad_url() {
  return fail(client_fault(FaultKind::invalid,
                           "must be redis://[user[:password]@]host[:port][/database], or rediss:// for TLS"));
}

template <class Number>
std::optional<Number> number_of(std::string_view text, Number most) {
  Number value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size() || value > most) return std::nullopt;
  return value;
}

// A password may hold any byte, written as in every URL.
bool read_credentials(std::string_view text, RedisAddress& address) {
  const std::size_t colon = text.find(':');
  const auto user = wire::percent_decoded(text.substr(0, colon));
  const auto password = colon == std::string_view::npos ? std::string() : wire::percent_decoded(text.substr(colon + 1));
  if (!user || !password) return false;
  address.user = *user;
  address.password = Secret(*password);
  return true;
}

}  // namespace

Result<HostAndPort> parse_host_and_port(std::string_view text, std::uint16_t default_port) {
  HostAndPort parsed{.host = {}, .port = default_port};
  const bool is_bracketed = text.starts_with('[');
  const std::size_t host_end = is_bracketed ? text.find(']') : text.find(':');
  if (is_bracketed && host_end == std::string_view::npos) return bad_url();
  parsed.host = is_bracketed ? text.substr(1, host_end - 1) : text.substr(0, host_end);
  std::string_view rest = host_end == std::string_view::npos ? std::string_view() : text.substr(host_end);
  if (is_bracketed) rest.remove_prefix(1);
  if (parsed.host.empty() || parsed.host.find_first_of(" /@?#") != std::string::npos) return bad_url();
  if (rest.empty()) return parsed;
  const auto port = rest.starts_with(':') ? number_of<std::uint16_t>(rest.substr(1), 65'535) : std::nullopt;
  if (!port || *port == 0) return bad_url();
  parsed.port = *port;
  return parsed;
}

Result<RedisAddress> RedisAddress::parse(std::string_view url) {
  RedisAddress address;
  address.tls = url.starts_with("rediss://");
  if (!address.tls && !url.starts_with("redis://")) return bad_url();
  url.remove_prefix(address.tls ? 9 : 8);
  const std::size_t credentials_end = url.rfind('@');
  if (credentials_end != std::string_view::npos) {
    if (!read_credentials(url.substr(0, credentials_end), address)) return bad_url();
    url.remove_prefix(credentials_end + 1);
  }
  const std::size_t path = url.find('/');
  const std::string_view database = path == std::string_view::npos ? std::string_view() : url.substr(path + 1);
  if (!database.empty()) {
    const auto number = number_of<std::uint32_t>(database, database_max);
    if (!number) return bad_url();
    address.database = *number;
  }
  Result<HostAndPort> at = parse_host_and_port(url.substr(0, path), redis_port);
  if (!at) return bad_url();
  address.at = std::move(*at);
  return address;
}

std::string RedisAddress::text() const {
  const bool is_v6 = at.host.find(':') != std::string::npos;
  std::string out = tls ? "rediss://" : "redis://";
  out += is_v6 ? "[" + at.host + "]" : at.host;
  out += ":" + std::to_string(at.port);
  if (database != 0) out += "/" + std::to_string(database);
  return out;
}

}  // namespace obleth::adapters
