// Where an endpoint's base URL points: parsed once, used for every request. Pure values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace obleth {

struct UpstreamAddress {
  bool tls = false;
  std::string host;  // name, IPv4, or IPv6 without brackets
  std::uint16_t port = 80;
  std::string authority;  // the Host header: host, and port where it is not the scheme's own
  std::string base_path;  // what stands before /v1: "" or "/openai"; no trailing slash, and a final "/v1" is taken off
  bool operator==(const UpstreamAddress&) const = default;
};

// "http://vllm-1:8000/v1", "https://api.example.com": http and https only; no user, query or fragment.
[[nodiscard]] Result<UpstreamAddress> parse_upstream_address(std::string_view url);

// No host name ends in a number, but resolvers read 2852039166 and 0xA9FEA9FE as addresses: a host that is neither a
// name nor an address in its usual form.
[[nodiscard]] bool is_disguised_address(std::string_view host);

// The target for a raw request target: base path, then the target as it came.
void append_target(std::string& out, const UpstreamAddress& address, std::string_view raw_target);
[[nodiscard]] std::string join_target(const UpstreamAddress& address, std::string_view raw_target);

}  // namespace obleth
