// Random bits from the system's source. Any thread.
#pragma once

#include <span>

#include "base/strong_id.hpp"

namespace obleth::ports {

class Entropy {
 public:
  virtual ~Entropy() = default;
  virtual void fill(std::span<unsigned char> bytes) = 0;
  [[nodiscard]] virtual Bits128 bits128() = 0;  // buffered per thread: no system call per request
};

}  // namespace obleth::ports
