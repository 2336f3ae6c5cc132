// What was settled is on the accounts of the groups, to the last unit. Tenants may be forgotten meanwhile, groups not.
#pragma once

#include <string_view>

#include "sim/world.hpp"

namespace obleth::sim {

[[nodiscard]] inline std::string_view cost_conserved(const World& world) {
  if (world.scheduler().engine() == nullptr) return {};
  std::int64_t on_accounts = 0;
  for (const fairshare::GroupShare& share : world.scheduler().engine()->snapshot(world.now()).groups)
    on_accounts += share.settled_cost.value;
  return on_accounts == world.settled_cost() ? std::string_view() : "cost was lost or charged twice";
}

}  // namespace obleth::sim
