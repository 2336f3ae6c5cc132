// Time for those who have no Loop at hand (admin, stores). Any thread.
#pragma once

#include "base/instant.hpp"

namespace obleth::ports {

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Instant now() const = 0;
  [[nodiscard]] virtual WallTime wall_now() const = 0;
};

}  // namespace obleth::ports
