// Asks Redis what accounts have left that requests of this process have used lately, so that its part of the rest is
// worked out from what others had not spent a moment before Redis went away. It takes nothing and changes nothing
// there.
//
// Thread: its loop's. The link is closed before it is destroyed.
#pragma once

#include <string>
#include <vector>

#include "adapters/redis/redis_budgets.hpp"
#include "adapters/redis/redis_link.hpp"

namespace obleth::adapters {

class SpareRefresh {
 public:
  SpareRefresh(RedisLink& link, RedisBudgets& budgets) : link_(link), budgets_(budgets) {}

  // Of those that Redis has not told for a moment. Waits for nothing.
  void ask();

 private:
  [[nodiscard]] Task<void> ask_of(TenantId tenant, std::vector<std::string> fields);

  RedisLink& link_;
  RedisBudgets& budgets_;
};

}  // namespace obleth::adapters
