// Where Redis is and how it is spoken to, as the operator set it. Values; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/instant.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"

namespace obleth::adapters {

struct HostAndPort {
  std::string host;
  std::uint16_t port = 0;
  bool operator==(const HostAndPort&) const = default;
};

// redis://[user[:password]@]host[:port][/database], rediss:// for TLS.
struct RedisAddress {
  HostAndPort at;
  bool tls = false;
  std::string user;
  Secret password;
  std::uint32_t database = 0;

  // Fault: invalid; says what it must be.
  [[nodiscard]] static Result<RedisAddress> parse(std::string_view url);
  [[nodiscard]] std::string text() const;  // without user and password
};

// "a:26379, [::1]:26379"; without a port the default one. Fault: invalid.
[[nodiscard]] Result<HostAndPort> parse_host_and_port(std::string_view text, std::uint16_t default_port);

inline constexpr std::uint16_t redis_port = 6379;
inline constexpr std::uint16_t sentinel_port = 26379;

struct RedisSettings {
  RedisAddress address;                // with sentinels, its host is the name of the master that they watch
  std::vector<HostAndPort> sentinels;  // asked in turn
  Secret sentinel_password;
  std::string prefix = "obleth";  // every key begins with it
  // Of one call. What takes longer is taken for failed, and its connection is closed.
  Duration call_max = std::chrono::milliseconds(250);
  // Of an attempt in the background: names, sentinels, TLS, and the first answers.
  Duration open_max = std::chrono::seconds(2);
};

}  // namespace obleth::adapters
