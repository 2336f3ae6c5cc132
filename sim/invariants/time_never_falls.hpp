// Virtual time never falls; nor does the settled cost of a tenant, until it is forgotten.
#pragma once

#include <map>
#include <string_view>
#include <utility>

#include "sim/world.hpp"

namespace obleth::sim {

class TimeNeverFalls {
 public:
  [[nodiscard]] std::string_view operator()(const World& world) {
    if (world.scheduler().engine() == nullptr) return {};
    const fairshare::Snapshot shares = world.scheduler().engine()->snapshot(world.now());
    if (shares.virtual_time < virtual_time_) return "virtual time fell";
    virtual_time_ = shares.virtual_time;
    std::map<TenantId, std::int64_t> settled;
    for (const fairshare::NodeShare& share : shares.tenants) {
      const auto before = settled_.find(share.tenant);
      if (before != settled_.end() && share.settled_cost.value < before->second) return "settled cost fell";
      settled[share.tenant] = share.settled_cost.value;
    }
    settled_ = std::move(settled);
    return {};
  }

 private:
  std::int64_t virtual_time_ = 0;
  std::map<TenantId, std::int64_t> settled_;
};

}  // namespace obleth::sim
