// Every node of the engine's tree is the sum of its children, and every line in order: the engine's own audit.
#pragma once

#include <string_view>

#include "sim/world.hpp"

namespace obleth::sim {

[[nodiscard]] inline std::string_view sums_agree(const World& world) {
  return world.scheduler().engine() == nullptr ? std::string_view() : world.scheduler().engine()->broken_invariant();
}

}  // namespace obleth::sim
