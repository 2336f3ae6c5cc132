// What one HTTP listener allows. Every wait and every size has its bound here. A value; any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "adapters/os/net_address.hpp"
#include "base/instant.hpp"
#include "wire/http_head.hpp"

namespace obleth::adapters {

struct HttpServerSettings {
  NetAddress address;
  std::size_t threads = 1;  // one accepting socket per event loop

  wire::HeadLimits head;
  std::uint64_t body_bytes_max = 64ULL << 20;  // inclusive; the service may set another per request

  Duration header_timeout = std::chrono::seconds(10);   // from the first byte of a head to its last: 408
  Duration body_stall_max = std::chrono::seconds(30);   // between two reads of a body: 408
  Duration idle_timeout = std::chrono::seconds(75);     // between requests: closed without a word
  Duration write_stall_max = std::chrono::seconds(60);  // a client that takes nothing for so long has gone

  // A refused body is read and thrown away, so that the client reads the answer and not a reset.
  std::uint64_t linger_bytes_max = 1ULL << 20;
  Duration linger_max = std::chrono::seconds(1);

  std::size_t connections_max = 50'000;
  std::size_t connections_per_address_max = 0;  // 0 = no bound: behind a proxy all come from one address

  // From these, and only from these, X-Forwarded-For and the PROXY protocol (1 and 2) are believed.
  std::vector<Cidr> trusted_proxies;
};

}  // namespace obleth::adapters
