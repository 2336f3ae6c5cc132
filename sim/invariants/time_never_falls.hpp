// Virtual time and the settled cost of every tenant never fall.
#pragma once

#include <map>
#include <string_view>

#include "sim/world.hpp"

namespace obleth::sim {

class TimeNeverFalls {
 public:
  [[nodiscard]] std::string_view operator()(const World& world) {
    if (world.scheduler().engine() == nullptr) return {};
    const fairshare::Snapshot shares = world.scheduler().engine()->snapshot(world.now());
    if (shares.virtual_time < virtual_time_) return "virtual time fell";
    virtual_time_ = shares.virtual_time;
    for (const fairshare::NodeShare& share : shares.tenants) {
      std::int64_t& seen = settled_[share.tenant];
      if (share.settled_cost.value < seen) return "settled cost fell";
      seen = share.settled_cost.value;
    }
    return {};
  }

 private:
  std::int64_t virtual_time_ = 0;
  std::map<TenantId, std::int64_t> settled_;
};

}  // namespace obleth::sim
