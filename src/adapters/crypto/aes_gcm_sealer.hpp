// Encrypts credentials at rest: AES-256-GCM under the operator's key. Any thread.
//
// Sealed text is "v1." + fingerprint of the key + "." + base64(nonce, ciphertext, tag); the purpose is bound as
// additional data. New text is sealed under the current key; text under the former key still opens while a rotation
// lasts. Nonces are 96 random bits, as NIST SP 800-38D (8.2.2) allows for up to 2^32 texts under one key.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/crypto/encryption_key.hpp"
#include "ports/secret_sealer.hpp"

namespace obleth::adapters {

class AesGcmSealer final : public ports::SecretSealer {
 public:
  // Without a current key nothing can be sealed, and what a former key sealed still opens.
  AesGcmSealer(std::optional<EncryptionKey> current, std::optional<EncryptionKey> former);

  [[nodiscard]] bool can_seal() const override { return current_.has_value(); }
  [[nodiscard]] Result<std::string> seal(const Secret& plain, std::string_view purpose) const override;
  [[nodiscard]] bool is_current(std::string_view sealed) const override;
  [[nodiscard]] Result<Secret> open(std::string_view sealed, std::string_view purpose) const override;

 private:
  struct NamedKey {
    EncryptionKey key;
    std::string fingerprint;
  };
  static std::optional<NamedKey> named(const std::optional<EncryptionKey>& key);
  [[nodiscard]] const NamedKey* key_named(std::string_view fingerprint) const;

  std::optional<NamedKey> current_;
  std::optional<NamedKey> former_;
};

}  // namespace obleth::adapters
