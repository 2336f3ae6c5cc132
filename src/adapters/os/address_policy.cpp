#include "adapters/os/address_policy.hpp"

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include "base/ensure.hpp"

namespace obleth::adapters {
namespace {

std::vector<Cidr> ranges(std::initializer_list<std::string_view> texts) {
  std::vector<Cidr> made;
  for (const std::string_view text : texts) {
    const auto range = Cidr::parse(text);
    ensure(range.has_value(), "a built-in address range is well-formed");
    made.push_back(*range);
  }
  return made;
}

// Link-local, multicast, broadcast, and the metadata services of the clouds that are not link-local: Alibaba, Azure,
// Oracle, AWS and Google over IPv6.
const std::vector<Cidr>& always_refused() {
  static const std::vector<Cidr> list =
      ranges({"169.254.0.0/16", "fe80::/10", "224.0.0.0/4", "ff00::/8", "255.255.255.255", "100.100.100.200",
              "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254"});
  return list;
}

const std::vector<Cidr>& private_ranges() {
  static const std::vector<Cidr> list =
      ranges({"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.0.0.0/24",
              "192.168.0.0/16", "198.18.0.0/15", "::", "::1", "fc00::/7", "fec0::/10"});
  return list;
}

// Addresses that carry an IPv4 address inside: NAT64 (64:ff9b::/96, a site's own 64:ff9b:1::/48), 6to4 (2002::/16), the
// IPv4-translated (::ffff:0:0:0/96) and the IPv4-compatible ones.
std::optional<NetAddress> embedded_v4(const NetAddress& address) {
  static const std::vector<Cidr> at_the_end = ranges({"64:ff9b::/96", "64:ff9b:1::/48", "::ffff:0:0:0/96", "::/96"});
  static const std::vector<Cidr> after_the_prefix = ranges({"2002::/16"});
  if (!address.is_v6()) return std::nullopt;
  const auto within = [&](const Cidr& range) { return range.contains(address); };
  std::size_t at = 0;
  if (std::ranges::any_of(at_the_end, within)) {
    at = 12;
  } else if (std::ranges::any_of(after_the_prefix, within)) {
    at = 2;
  } else {
    return std::nullopt;
  }
  std::string literal;
  for (std::size_t byte = at; byte < at + 4; ++byte) {
    literal += (byte == at ? "" : ".") + std::to_string(address.bytes()[byte]);
  }
  return NetAddress::parse(literal, address.port());
}

}  // namespace

bool is_refused_address(const NetAddress& address, const AddressPolicy& policy) {
  const auto within = [&](const Cidr& range) { return range.contains(address); };
  if (std::ranges::any_of(always_refused(), within)) return true;
  if (policy.block_private_networks && std::ranges::any_of(private_ranges(), within)) {
    return std::ranges::none_of(policy.allowed, within);
  }
  const auto inner = embedded_v4(address);
  // "::" and "::1" embed 0.0.0.0 and 0.0.0.1 in form only.
  if (!inner || inner->bytes()[0] == 0) return false;
  return is_refused_address(*inner, policy);
}

bool is_refused_host(std::string_view host, const AddressPolicy& policy) {
  const auto address = NetAddress::parse(host, 0);
  return address && is_refused_address(*address, policy);
}

}  // namespace obleth::adapters
