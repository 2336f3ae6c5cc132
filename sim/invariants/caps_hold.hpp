// Nothing new runs beyond a cap: of the pool, of a model, of a tenant. A cap that was lowered kills nothing, so what
// runs above it may only become fewer.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

#include "sim/world.hpp"

namespace obleth::sim {

class CapsHold {
 public:
  [[nodiscard]] std::string_view operator()(const World& world) {
    std::size_t at = 0;
    if (!holds(at++, world.scheduler().in_flight(), world.settings().slots)) return "more runs than there are slots";
    for (const auto& [model, server] : world.servers()) {
      if (!holds(at++, server.running, server.max_in_flight.value_or(~0U))) return "more runs on a model than its cap";
    }
    for (const Tenant& tenant : world.tenants()) {
      const std::uint32_t cap = tenant.load.max_in_flight.value_or(~0U);
      if (!holds(at++, tenant.in_flight, cap)) return "more of a tenant runs than its cap";
    }
    return {};
  }

 private:
  bool holds(std::size_t at, std::uint32_t running, std::uint32_t cap) {
    if (before_.size() <= at) before_.resize(at + 1);
    const std::uint32_t allowed = std::max(cap, before_[at]);
    before_[at] = running;
    return running <= allowed;
  }

  std::vector<std::uint32_t> before_;
};

}  // namespace obleth::sim
