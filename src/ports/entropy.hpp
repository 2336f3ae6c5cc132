// Random bits from the system's source. Any thread.
#pragma once

#include <cstdint>
#include <span>

#include "base/strong_id.hpp"

namespace obleth::ports {

class Entropy {
 public:
  virtual ~Entropy() = default;
  virtual void fill(std::span<unsigned char> bytes) = 0;
  [[nodiscard]] virtual Bits128 bits128() = 0;  // buffered per thread: no system call per request
  // For what is shown as a UUID: version 4 of RFC 9562.
  [[nodiscard]] Bits128 uuid() {
    constexpr std::uint64_t version_bits = 0xF000;
    constexpr std::uint64_t variant_bits = 3ULL << 62U;
    const Bits128 random = bits128();
    return {(random.high & ~version_bits) | 0x4000U, (random.low & ~variant_bits) | 1ULL << 63U};
  }
};

}  // namespace obleth::ports
