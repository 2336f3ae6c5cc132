// The machine's clocks, as the loops read them: on a loop's thread its own time, so that nothing is read twice in a
// turn, and the kernel's coarse wall clock (a few ms). Any thread.
#pragma once

#include <chrono>
#include <ctime>

#include "ports/clock.hpp"
#include "ports/loop.hpp"

namespace obleth::adapters {

class SystemClock final : public ports::Clock {
 public:
  [[nodiscard]] Instant now() const override {
    if (const ports::Loop* loop = ports::Loop::current()) return loop->now();
    return Instant(std::chrono::steady_clock::now().time_since_epoch());
  }
  [[nodiscard]] WallTime wall_now() const override {
    timespec at{};
    clock_gettime(CLOCK_REALTIME_COARSE, &at);
    return WallTime{std::int64_t{at.tv_sec} * 1000 + at.tv_nsec / 1'000'000};
  }
};

}  // namespace obleth::adapters
