// Every request that was asked waits, runs, or came to one of its ends; and the scheduler counts as the world does.
#pragma once

#include <string_view>

#include "sim/world.hpp"

namespace obleth::sim {

[[nodiscard]] inline std::string_view nothing_lost(const World& world) {
  std::uint64_t waiting = 0;
  std::uint64_t running = 0;
  for (const Tenant& tenant : world.tenants()) {
    const std::uint64_t ended = tenant.finished + tenant.left + tenant.refused;
    if (tenant.asked != tenant.waiting + tenant.in_flight + ended) return "a request was lost";
    waiting += tenant.waiting;
    running += tenant.in_flight;
  }
  if (world.scheduler().queued() != waiting) return "the scheduler counts other requests that wait";
  if (world.scheduler().in_flight() != running) return "the scheduler counts other requests that run";
  return {};
}

}  // namespace obleth::sim
