#include "adapters/memory/session_book.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>

namespace obleth::adapters {

std::size_t MemorySessionBook::HashName::operator()(const ports::SessionName& name) const {
  std::size_t hash = 0;
  std::memcpy(&hash, name.data(), sizeof hash);
  return hash;
}

Task<Result<bool>> MemorySessionBook::bind(const ports::SessionName& name, const ports::SessionEntry& entry) {
  const Instant now = clock_.now();
  const std::lock_guard lock(mutex_);
  forget_idle(now);
  if (const auto found = by_name_.find(name); found != by_name_.end()) {
    ports::SessionEntry& known = found->second->entry;
    if (known.tenant != entry.tenant || known.key != entry.key) co_return false;
    known.target = entry.target;
    touch(found->second, now);
    co_return true;
  }
  make_room(entry.tenant);
  by_name_[name] = order_.insert(order_.end(), Kept{name, entry, now});
  ++of_tenant_[entry.tenant];
  co_return true;
}

Task<Result<std::optional<ports::SessionEntry>>> MemorySessionBook::find(const ports::SessionName& name) {
  const Instant now = clock_.now();
  const std::lock_guard lock(mutex_);
  forget_idle(now);
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) co_return std::optional<ports::SessionEntry>();
  co_return std::optional(touch(found->second, now)->entry);
}

Task<Result<void>> MemorySessionBook::forget(const ports::SessionName& name) {
  const std::lock_guard lock(mutex_);
  if (const auto found = by_name_.find(name); found != by_name_.end()) erase(found->second);
  co_return Result<void>{};
}

std::size_t MemorySessionBook::size() const {
  const std::lock_guard lock(mutex_);
  return by_name_.size();
}

MemorySessionBook::Order::iterator MemorySessionBook::touch(Order::iterator kept, Instant now) {
  kept->used = now;
  order_.splice(order_.end(), order_, kept);
  return kept;
}

void MemorySessionBook::erase(Order::iterator kept) {
  const auto count = of_tenant_.find(kept->entry.tenant);
  if (--count->second == 0) of_tenant_.erase(count);
  by_name_.erase(kept->name);
  order_.erase(kept);
}

void MemorySessionBook::make_room(TenantId tenant) {
  const auto count = of_tenant_.find(tenant);
  if (count != of_tenant_.end() && count->second >= bounds_.tenant_sessions_max) {
    // A walk, but only of a tenant that opens sessions and never uses them again.
    erase(std::ranges::find(order_, tenant, [](const Kept& kept) { return kept.entry.tenant; }));
  } else if (order_.size() >= bounds_.sessions_max) {
    erase(order_.begin());
  }
}

void MemorySessionBook::forget_idle(Instant now) {
  while (!order_.empty() && now - order_.front().used > ports::session_idle_max)
    erase(order_.begin());
}

}  // namespace obleth::adapters
