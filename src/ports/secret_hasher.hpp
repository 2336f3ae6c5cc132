// Hashes key secrets and admin tokens: SHA-256, or HMAC-SHA-256 under the operator's pepper. Any thread.
#pragma once

#include <string_view>
#include <vector>

#include "domain/api_key.hpp"

namespace obleth::ports {

class SecretHasher {
 public:
  virtual ~SecretHasher() = default;
  [[nodiscard]] virtual SecretHash hash(std::string_view secret) const = 0;
  // Hashes to try in a look-up: the current pepper's first, then the former one's while a rotation lasts.
  [[nodiscard]] virtual std::vector<SecretHash> candidates(std::string_view secret) const = 0;
};

}  // namespace obleth::ports
