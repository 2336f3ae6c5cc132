// Passive health of one endpoint: what its answers say about it.
//
// Ejected after 5 failures in a row, or when half of at least 20 requests in 10 s failed: for 5 s, doubling to 5 min.
// When the time is over one request goes as a probe; its success lets the endpoint back. Pure; guarded by its owner.
// Source: Envoy's outlier detection, with the probe of a circuit breaker's half-open state.
#pragma once

#include <array>
#include <cstdint>

#include "base/instant.hpp"

namespace obleth::resilience {

inline constexpr std::uint32_t failures_in_row_max = 5;
inline constexpr std::uint32_t window_requests_min = 20;
inline constexpr Duration ejection_first = std::chrono::seconds(5);
inline constexpr Duration ejection_longest = std::chrono::minutes(5);

class EndpointHealth {
 public:
  enum class Standing : std::uint8_t { healthy, ejected, awaiting_probe, probing };

  [[nodiscard]] Standing standing(Instant now) const;
  // Healthy, or due for its probe.
  [[nodiscard]] bool admits(Instant now) const;
  [[nodiscard]] Instant ejected_until() const { return ejected_until_; }

  void started(Instant now);  // a request went there; when a probe is due, this one is it
  void succeeded(Instant now);
  void failed(Instant now);
  // It ended without telling anything (the client left).
  void abandoned() { probing_ = false; }

 private:
  static constexpr std::size_t window_secs = 10;
  struct Second {
    std::int64_t at = -1;  // whole seconds
    std::uint32_t total = 0;
    std::uint32_t failed = 0;
  };

  Second& second_of(Instant now);
  [[nodiscard]] bool window_is_bad(Instant now) const;
  void eject(Instant now);

  std::array<Second, window_secs> window_{};
  std::uint32_t failures_in_row_ = 0;
  std::uint32_t ejections_ = 0;  // since it was last let back
  Instant ejected_until_;
  bool ejected_ = false;
  bool probing_ = false;
};

}  // namespace obleth::resilience
