// Points in time and spans of time as integers, so that the core can be replayed.
//
// Instant: monotonic, nanoseconds since an arbitrary start (never a wall clock; jumps change nothing).
// WallTime: Unix time in milliseconds, UTC, for rows, windows and months.
// Thread: values, any thread.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

namespace obleth {

using Duration = std::chrono::nanoseconds;

class Instant {
 public:
  constexpr Instant() = default;
  constexpr explicit Instant(Duration since_start) : since_start_(since_start) {}

  [[nodiscard]] constexpr Duration since_start() const { return since_start_; }
  [[nodiscard]] static constexpr Instant distant_future() { return Instant(Duration::max()); }

  constexpr auto operator<=>(const Instant&) const = default;
  constexpr Instant operator+(Duration span) const { return Instant(since_start_ + span); }
  constexpr Instant operator-(Duration span) const { return Instant(since_start_ - span); }
  constexpr Duration operator-(Instant earlier) const { return since_start_ - earlier.since_start_; }

 private:
  Duration since_start_{0};
};

struct WallTime {
  std::int64_t unix_ms = 0;
  constexpr auto operator<=>(const WallTime&) const = default;
};

[[nodiscard]] constexpr std::int64_t whole_ms(Duration span) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(span).count();
}
[[nodiscard]] constexpr std::int64_t whole_us(Duration span) {
  return std::chrono::duration_cast<std::chrono::microseconds>(span).count();
}

}  // namespace obleth
