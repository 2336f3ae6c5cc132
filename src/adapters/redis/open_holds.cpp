#include "adapters/redis/open_holds.hpp"

#include <utility>

namespace obleth::adapters {

void OpenHolds::add(OpenHold hold, const ports::Loop& loop) {
  const std::lock_guard lock(mutex_);
  const ports::HeldReservation id = hold.id;
  tenants_[id.tenant].insert_or_assign(id.reservation, Kept{.hold = std::move(hold), .loop = &loop, .renewals = 0});
}

OpenHold OpenHolds::end(const ports::HeldReservation& id) {
  const std::lock_guard lock(mutex_);
  Kept* const kept = find(id);
  if (kept == nullptr) return {.id = id, .bound = {}, .fields = {}};
  OpenHold ended = std::move(kept->hold);
  ended.may_come_late = ended.may_come_late || kept->renewals > 0;
  const auto tenant = tenants_.find(id.tenant);
  tenant->second.erase(id.reservation);
  if (tenant->second.empty()) tenants_.erase(tenant);
  return ended;
}

std::vector<ports::HeldReservation> OpenHolds::of(TenantId tenant) const {
  const std::lock_guard lock(mutex_);
  std::vector<ports::HeldReservation> held;
  const auto found = tenants_.find(tenant);
  if (found == tenants_.end()) return held;
  for (const auto& [reservation, kept] : found->second)
    held.push_back(kept.hold.id);
  return held;
}

std::vector<ports::HeldReservation> OpenHolds::of_loop(const ports::Loop* loop) const {
  const std::lock_guard lock(mutex_);
  std::vector<ports::HeldReservation> held;
  for (const auto& [tenant, holds] : tenants_) {
    for (const auto& [reservation, kept] : holds) {
      if (loop == nullptr || kept.loop == loop) held.push_back(kept.hold.id);
    }
  }
  return held;
}

std::vector<OpenHold> OpenHolds::begin_renewal(std::span<const ports::HeldReservation> ids) {
  const std::lock_guard lock(mutex_);
  std::vector<OpenHold> renewed;
  for (const ports::HeldReservation& id : ids) {
    Kept* const kept = find(id);
    if (kept == nullptr) continue;
    ++kept->renewals;
    renewed.push_back(kept->hold);
  }
  return renewed;
}

void OpenHolds::end_renewal(std::span<const OpenHold> renewed) {
  const std::lock_guard lock(mutex_);
  for (const OpenHold& each : renewed) {
    if (Kept* const kept = find(each.id)) --kept->renewals;
  }
}

OpenHolds::Kept* OpenHolds::find(const ports::HeldReservation& id) {
  const auto tenant = tenants_.find(id.tenant);
  if (tenant == tenants_.end()) return nullptr;
  const auto kept = tenant->second.find(id.reservation);
  return kept == tenant->second.end() ? nullptr : &kept->second;
}

}  // namespace obleth::adapters
