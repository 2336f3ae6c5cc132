#include "adapters/caching/key_uses.hpp"

#include <algorithm>

namespace obleth::adapters {

KeyUses::KeyUses(std::size_t keys_max) : shard_keys_max_((keys_max + shard_count - 1) / shard_count) {}

void KeyUses::note(const KeyId& key, WallTime at) {
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  auto known = shard.uses.find(key);
  if (known == shard.uses.end()) {
    if (!has_room(shard)) return;
    shard.uses.emplace(key, Use{WallTime{}, at, true});
    return;
  }
  Use& use = known->second;
  if (at.unix_ms - use.written.unix_ms < write_period_ms) return;
  use.seen = std::max(use.seen, at);
  use.due = true;
}

// The wall clock may jump back, so a key that is forgotten early is at worst written twice.
bool KeyUses::has_room(Shard& shard) const {
  if (shard.uses.size() < shard_keys_max_) return true;
  boost::unordered::erase_if(shard.uses, [](const auto& entry) { return !entry.second.due; });
  return shard.uses.size() < shard_keys_max_;
}

KeyUses::Uses KeyUses::take_due() {
  Uses due;
  for (Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    for (auto& [key, use] : shard.uses) {
      if (!use.due) continue;
      due.emplace_back(key, use.seen);
      use.written = use.seen;
      use.due = false;
    }
  }
  return due;
}

void KeyUses::put_back(const Uses& uses) {
  for (const auto& [key, at] : uses) {
    Shard& shard = shard_of(key);
    const std::lock_guard lock(shard.mutex);
    if (const auto known = shard.uses.find(key); known != shard.uses.end()) known->second.due = true;
  }
}

}  // namespace obleth::adapters
