// Which endpoint gets a request: healthy ones of the best priority, the one with the fewest requests in flight.
//
// With all ejected the least bad is tried (fail open): the one that would be let back first. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/instant.hpp"

namespace obleth::resilience {

struct EndpointCandidate {
  std::uint32_t priority = 0;  // lower first
  std::uint32_t in_flight = 0;
  bool enabled = true;
  bool admits = true;       // by its health
  std::uint32_t tries = 0;  // by this request
  Instant ejected_until;
};

// The index of the chosen one; nullopt when none is enabled. One that this request has tried more often comes after
// all others that are as healthy: who answered 503 may be asked again, who is ejected answers nothing.
[[nodiscard]] std::optional<std::size_t> choose_endpoint(std::span<const EndpointCandidate> candidates);

}  // namespace obleth::resilience
