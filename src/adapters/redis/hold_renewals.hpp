// Tells Redis, on one loop, that holds are alive, and what they are: one that it has lost is held again.
//
// Thread: its loop's. The link is closed before it is destroyed.
#pragma once

#include <span>
#include <vector>

#include "adapters/redis/redis_budgets.hpp"
#include "adapters/redis/redis_link.hpp"

namespace obleth::adapters {

class HoldRenewals {
 public:
  HoldRenewals(RedisLink& link, RedisBudgets& budgets) : link_(link), budgets_(budgets) {}

  // Waits for nothing.
  void renew(std::span<const ports::HeldReservation> held);
  // Of all loops of this process: answered, or Redis is away.
  [[nodiscard]] Task<void> renew_all_of(TenantId tenant);

 private:
  [[nodiscard]] Task<void> send(TenantId tenant, std::vector<ports::HeldReservation> held);

  RedisLink& link_;
  RedisBudgets& budgets_;
};

}  // namespace obleth::adapters
