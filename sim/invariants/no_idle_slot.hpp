// No slot is free while a request waits that may go: its server is up and below its cap, and so is its tenant.
#pragma once

#include <algorithm>
#include <string_view>

#include "sim/world.hpp"

namespace obleth::sim {

[[nodiscard]] inline std::string_view no_idle_slot(const World& world) {
  if (world.scheduler().queued() == 0 || world.scheduler().in_flight() >= world.settings().slots) return {};
  const bool eligible = std::ranges::any_of(world.requests(), [&](const Request& request) {
    if (request.state != Request::State::waiting) return false;
    const Tenant& tenant = world.tenant(request.tenant);
    const ModelServer& server = world.servers().at(request.model);
    return server.up && server.running < server.max_in_flight.value_or(~0U) &&
           tenant.in_flight < tenant.load.max_in_flight.value_or(~0U);
  });
  return eligible ? "a slot is free beside a request that may go" : std::string_view();
}

}  // namespace obleth::sim
