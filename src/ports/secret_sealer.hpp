// Encrypts credentials at rest: AES-256-GCM under the operator's key. Any thread.
//
// Sealed text is ASCII: "v1." + key fingerprint + "." + base64(nonce, ciphertext, tag). purpose is bound as additional
// data, so a sealed value cannot be moved to another row.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/secret.hpp"

namespace obleth::ports {

class SecretSealer {
 public:
  virtual ~SecretSealer() = default;
  // False: no key is configured; seal fails with a fault that names the setting.
  [[nodiscard]] virtual bool can_seal() const = 0;
  [[nodiscard]] virtual Result<std::string> seal(const Secret& plain, std::string_view purpose) const = 0;
  // Sealed under the key that seal() uses now; false: under a former one, or not by us.
  [[nodiscard]] virtual bool is_current(std::string_view sealed) const = 0;
  [[nodiscard]] virtual Result<Secret> open(std::string_view sealed, std::string_view purpose) const = 0;
};

}  // namespace obleth::ports
