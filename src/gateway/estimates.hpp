// The learned history of all tenants and models, shared by every thread. Any thread; one short lock per shard.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>

#include "core/accounting/usage_history.hpp"
#include "domain/ids.hpp"

namespace obleth::gateway {

class Estimates {
 public:
  // Runs with the history of this tenant under its lock.
  template <class Question>
  auto ask(TenantId tenant, Question question) {
    Shard& shard = shards_[hash_value(tenant) % shard_count];
    const std::lock_guard lock(shard.mutex);
    return question(shard.history);
  }

 private:
  static constexpr std::size_t shard_count = 8;
  struct Shard {
    std::mutex mutex;
    accounting::UsageHistory history;  // guarded by mutex
  };
  std::array<Shard, shard_count> shards_;
};

}  // namespace obleth::gateway
