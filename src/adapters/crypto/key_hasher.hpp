// Hashes key secrets and admin tokens: SHA-256, or HMAC-SHA-256 under the operator's pepper. Any thread.
//
// While a pepper is being replaced two are live: new hashes are made under the current one, look-ups try both. A
// former pepper that is empty stands for "no pepper yet": the plain SHA-256.
//
// A thread remembers the hashes of secrets that it saw last, by a fingerprint under a key of this object's own: no
// secret is kept, and none can be made that would find another's hash.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "adapters/crypto/sha256.hpp"
#include "adapters/crypto/sip_hash.hpp"
#include "base/secret.hpp"
#include "ports/secret_hasher.hpp"

namespace obleth::adapters {

class KeyHasher final : public ports::SecretHasher {
 public:
  KeyHasher(const std::optional<Secret>& pepper, const std::optional<Secret>& former_pepper);

  [[nodiscard]] SecretHash hash(std::string_view secret) const override;
  [[nodiscard]] std::vector<SecretHash> candidates(std::string_view secret) const override;

 private:
  std::optional<HmacSha256> pepper_;  // absent: plain SHA-256
  std::optional<HmacSha256> former_pepper_;
  bool has_former_;
  SipKey fingerprint_key_;
};

}  // namespace obleth::adapters
