// A tenant's key. The secret itself is never in here: only its hash, and its first 12 characters for display.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/instant.hpp"
#include "base/secret.hpp"
#include "domain/budget.hpp"
#include "domain/ids.hpp"
#include "domain/tenant.hpp"

namespace obleth {

inline constexpr std::size_t key_secret_length = 51;  // "sk_" + 48 lower-case hex digits
inline constexpr std::size_t key_prefix_length = 12;
inline constexpr std::size_t key_random_bytes = 24;

// SHA-256 of the whole secret, or HMAC-SHA-256 under the pepper.
struct SecretHash {
  std::array<std::uint8_t, 32> bytes{};
  bool operator==(const SecretHash&) const = default;
  auto operator<=>(const SecretHash&) const = default;
};

[[nodiscard]] inline std::size_t hash_value(const SecretHash& hash) {
  std::size_t first = 0;
  std::memcpy(&first, hash.bytes.data(), sizeof first);
  return first;
}

// For credentials that are compared one by one (admin tokens): takes as long whether and wherever they differ.
[[nodiscard]] bool equal_in_constant_time(const SecretHash& a, const SecretHash& b);

// A malformed key is refused without a look-up.
[[nodiscard]] bool is_well_formed_key(std::string_view secret);

// The secret of a new key or admin token, made of bytes from the system's random source.
[[nodiscard]] Secret make_key_secret(std::span<const unsigned char, key_random_bytes> random);

// The part of a well-formed secret that is kept for display.
[[nodiscard]] std::string display_prefix(const Secret& secret);

struct ApiKey {
  KeyId id;
  TenantId tenant;
  std::string name;
  std::string prefix;
  SecretHash hash;
  // A rotated key's former secret, live until its grace ends.
  std::optional<SecretHash> former_hash;
  std::optional<WallTime> former_expires_at;
  bool disabled = false;
  std::optional<WallTime> expires_at;
  std::optional<std::vector<std::string>> allowed_models;  // within the tenant's own list
  Quota quota;
  std::optional<Budget> budget;
  std::uint32_t weight = default_weight;  // share among the keys of one tenant
  WallTime created_at;
  WallTime updated_at;
  std::optional<WallTime> last_used_at;
  bool operator==(const ApiKey&) const = default;
};

// What the request path needs of a key, read at one moment: the key, its tenant and its group.
struct ResolvedKey {
  ApiKey key;
  Tenant tenant;
  Group group;
};

}  // namespace obleth
