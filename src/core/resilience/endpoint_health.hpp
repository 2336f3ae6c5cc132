// Health of one endpoint: what its answers to traffic say about it, and what the active probes found.
//
// Ejected after 5 failures in a row, or when half of at least 20 requests in 10 s failed: for 5 s, doubling to 5 min.
// When the time is over one request goes as a probe; its success lets the endpoint back.
// Five dead active probes in a row eject as well, and each that is dead when the time is over prolongs. A live one
// takes back only what dead ones did: a server may be alive and fail all the same. Pure; guarded by its owner. Source:
// Envoy's outlier detection, with the probe of a circuit breaker's half-open state.
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
  // Which of them a request is; what it tells is told with it.
  enum class Probe : std::uint32_t { none };

  [[nodiscard]] Standing standing(Instant now) const;
  [[nodiscard]] bool is_healthy() const { return !ejected_; }
  // Healthy, or due for its probe.
  [[nodiscard]] bool admits(Instant now) const;
  [[nodiscard]] Instant ejected_until() const { return ejected_until_; }

  // A request went there; when a probe is due, this one is it.
  [[nodiscard]] Probe started(Instant now);
  void succeeded(Instant now);
  void failed(Instant now, Probe probe);
  void probed_alive(Instant now);
  void probed_dead(Instant now);
  // It ended without telling anything (the client left).
  void abandoned(Probe probe) {
    if (probe == probing_) probing_ = Probe::none;
  }

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
  std::uint32_t failures_in_row_ = 0;     // of traffic
  std::uint32_t dead_probes_in_row_ = 0;  // and no success of traffic between them
  std::uint32_t ejections_ = 0;           // since traffic was last served
  Instant ejected_until_;
  bool ejected_ = false;
  bool ejected_by_probes_ = false;
  Probe probing_ = Probe::none;  // the one under way
  std::uint32_t probes_ = 0;     // so many went
};

}  // namespace obleth::resilience
