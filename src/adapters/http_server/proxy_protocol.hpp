// The PROXY protocol, versions 1 and 2: who the client behind a trusted L4 proxy is. Pure.
//
// Source: https://www.haproxy.org/download/2.6/doc/proxy-protocol.txt
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <variant>

#include "adapters/os/net_address.hpp"

namespace obleth::adapters {

inline constexpr std::size_t proxy_header_bytes_max = 16 + 2048;  // version 2 with its extensions

struct NoProxyHeader {};  // the bytes begin something else
struct PartialProxyHeader {};
struct BadProxyHeader {};
struct ProxyHeader {
  std::size_t bytes = 0;
  std::optional<NetAddress> client;  // absent: the proxy speaks for itself (LOCAL, UNKNOWN)
};

using ProxyHeaderOutcome = std::variant<NoProxyHeader, PartialProxyHeader, BadProxyHeader, ProxyHeader>;

[[nodiscard]] ProxyHeaderOutcome read_proxy_header(std::string_view bytes);

}  // namespace obleth::adapters
