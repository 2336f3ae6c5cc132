// The machine's clocks, for those who have no loop at hand. Any thread.
#pragma once

#include <chrono>

#include "ports/clock.hpp"

namespace obleth::adapters {

class SystemClock final : public ports::Clock {
 public:
  [[nodiscard]] Instant now() const override {
    return Instant(std::chrono::steady_clock::now().time_since_epoch());  // CLOCK_MONOTONIC, as the loops read it
  }
  [[nodiscard]] WallTime wall_now() const override {
    const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
    return WallTime{std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count()};
  }
};

}  // namespace obleth::adapters
