// Random bits from getrandom(2), fetched for many ids at once. Any thread; each thread has a buffer of its own.
#pragma once

#include "ports/entropy.hpp"

namespace obleth::adapters {

class SystemEntropy final : public ports::Entropy {
 public:
  void fill(std::span<unsigned char> bytes) override;  // unbuffered: for keys and nonces
  [[nodiscard]] Bits128 bits128() override;
};

}  // namespace obleth::adapters
