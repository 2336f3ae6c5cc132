#include "gateway/body_memory.hpp"

namespace obleth::gateway {

bool BodyMemory::take(TenantId tenant, std::uint64_t bytes) {
  if (held_.fetch_add(bytes, std::memory_order_relaxed) + bytes > bytes_max_) {
    held_.fetch_sub(bytes, std::memory_order_relaxed);
    return false;
  }
  Shard& shard = shard_of(tenant);
  const std::lock_guard lock(shard.mutex);
  std::uint64_t& tenant_held = shard.held[tenant];
  if (tenant_held + bytes > tenant_bytes_max_) {
    held_.fetch_sub(bytes, std::memory_order_relaxed);
    if (tenant_held == 0) shard.held.erase(tenant);
    return false;
  }
  tenant_held += bytes;
  return true;
}

void BodyMemory::give_back(TenantId tenant, std::uint64_t bytes) {
  held_.fetch_sub(bytes, std::memory_order_relaxed);
  Shard& shard = shard_of(tenant);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.held.find(tenant);
  found->second -= bytes;
  if (found->second == 0) shard.held.erase(found);
}

}  // namespace obleth::gateway
