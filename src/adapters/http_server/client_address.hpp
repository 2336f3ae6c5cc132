// Who the client is when trusted proxies stand in front: X-Forwarded-For, read from the right. Pure.
#pragma once

#include "adapters/http_server/http_listener.hpp"
#include "adapters/os/net_address.hpp"
#include "domain/http_message.hpp"

namespace obleth::adapters {

// The nearest address that no trusted proxy vouches through: each trusted hop vouches for the one to its left.
[[nodiscard]] NetAddress client_behind_proxies(const NetAddress& peer, const RequestHead& head,
                                               const HttpListener& listener);

}  // namespace obleth::adapters
