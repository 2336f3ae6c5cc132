// ports/digest over OpenSSL. Any thread.
#pragma once

#include "adapters/crypto/sha256.hpp"
#include "ports/digest.hpp"

namespace obleth::adapters {

class Sha256Digester final : public ports::Digest {
 public:
  [[nodiscard]] ports::Sha256 sha256(std::string_view bytes) const override { return adapters::sha256(bytes); }
  [[nodiscard]] ports::Sha256 sha256_of(std::span<const std::string_view> parts) const override {
    return adapters::sha256(parts);
  }
};

}  // namespace obleth::adapters
