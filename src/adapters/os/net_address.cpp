#include "adapters/os/net_address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace obleth::adapters {
namespace {

constexpr std::array<std::uint8_t, 12> mapped_prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

template <class Number>
std::optional<Number> number_from(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<NetAddress> NetAddress::from_sockaddr(const sockaddr* address) {
  NetAddress made;
  if (address->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, address, sizeof v4);
    std::memcpy(made.bytes_.data(), &v4.sin_addr, 4);
    made.port_ = ntohs(v4.sin_port);
    return made;
  }
  if (address->sa_family != AF_INET6) return std::nullopt;
  sockaddr_in6 v6{};
  std::memcpy(&v6, address, sizeof v6);
  std::memcpy(made.bytes_.data(), &v6.sin6_addr, 16);
  made.port_ = ntohs(v6.sin6_port);
  if (std::equal(mapped_prefix.begin(), mapped_prefix.end(), made.bytes_.begin())) {
    std::copy_n(made.bytes_.begin() + 12, 4, made.bytes_.begin());
    std::fill(made.bytes_.begin() + 4, made.bytes_.end(), std::uint8_t{0});
    return made;
  }
  made.is_v6_ = true;
  made.scope_ = v6.sin6_scope_id;
  return made;
}

std::optional<NetAddress> NetAddress::parse(std::string_view literal, std::uint16_t port) {
  if (literal.size() >= 2 && literal.front() == '[' && literal.back() == ']') {
    literal = literal.substr(1, literal.size() - 2);
  }
  const std::string text(literal);
  sockaddr_in v4{.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {}, .sin_zero = {}};
  if (inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
    return from_sockaddr(reinterpret_cast<const sockaddr*>(&v4));
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  if (inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1) {
    return from_sockaddr(reinterpret_cast<const sockaddr*>(&v6));
  }
  return std::nullopt;
}

std::optional<NetAddress> NetAddress::parse_with_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto port = number_from<std::uint16_t>(text.substr(colon + 1));
  if (!port) return std::nullopt;
  const std::string_view host = text.substr(0, colon);
  const bool bare_v6 = host.find(':') != std::string_view::npos && !host.starts_with('[');
  if (bare_v6) return std::nullopt;
  return parse(host.empty() ? "0.0.0.0" : host == "localhost" ? "127.0.0.1" : host, *port);
}

std::uint64_t NetAddress::network() const {
  const std::size_t size = is_v6_ ? 8 : 4;
  std::uint64_t number = 0;
  for (std::size_t at = 0; at < size; ++at)
    number = number << 8U | bytes_[at];
  return number;
}

std::string NetAddress::host_text() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(is_v6_ ? AF_INET6 : AF_INET, bytes_.data(), text.data(), text.size());
  return text.data();
}

std::string NetAddress::text() const {
  const std::string host = host_text();
  return (is_v6_ ? "[" + host + "]" : host) + ":" + std::to_string(port_);
}

NetAddress::Raw NetAddress::raw() const {
  Raw raw;
  if (is_v6_) {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port_);
    v6.sin6_scope_id = scope_;
    std::memcpy(&v6.sin6_addr, bytes_.data(), 16);
    std::memcpy(&raw.storage, &v6, sizeof v6);
    raw.length = sizeof v6;
  } else {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port_);
    std::memcpy(&v4.sin_addr, bytes_.data(), 4);
    std::memcpy(&raw.storage, &v4, sizeof v4);
    raw.length = sizeof v4;
  }
  return raw;
}

std::optional<Cidr> Cidr::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto base = NetAddress::parse(text.substr(0, slash), 0);
  if (!base) return std::nullopt;
  Cidr range;
  range.base_ = *base;
  const int bits_max = base->is_v6() ? 128 : 32;
  range.prefix_bits_ = bits_max;
  if (slash == std::string_view::npos) return range;
  const auto bits = number_from<int>(text.substr(slash + 1));
  if (!bits || *bits < 0 || *bits > bits_max) return std::nullopt;
  range.prefix_bits_ = *bits;
  return range;
}

std::string Cidr::text() const {
  return base_.host_text() + "/" + std::to_string(prefix_bits_);
}

bool Cidr::contains(const NetAddress& address) const {
  if (address.is_v6() != base_.is_v6()) return false;
  const auto whole = static_cast<std::size_t>(prefix_bits_ / 8);
  if (!std::equal(base_.bytes().begin(), base_.bytes().begin() + static_cast<std::ptrdiff_t>(whole),
                  address.bytes().begin())) {
    return false;
  }
  const int rest = prefix_bits_ % 8;
  if (rest == 0) return true;
  const int mask = 0xff00 >> rest & 0xff;
  return ((base_.bytes()[whole] ^ address.bytes()[whole]) & mask) == 0;
}

}  // namespace obleth::adapters
