// What tenants and keys have spent, as the delivered ledger tells it: how budgets survive a restart.
#pragma once

#include <cstdint>
#include <variant>

#include "base/result.hpp"
#include "base/task.hpp"
#include "domain/calendar.hpp"
#include "domain/ids.hpp"
#include "domain/money.hpp"

namespace obleth::ports {

using SpendingAccount = std::variant<TenantId, KeyId>;

// Ids are random: those of tenants and those of keys are never the same.
[[nodiscard]] inline Bits128 bits_of(const SpendingAccount& account) {
  return std::visit([](const auto& id) { return id.bits; }, account);
}

struct Spending {
  std::int64_t tokens = 0;  // prompt and output
  NanoUsd cost;
};

class SpendingBook {
 public:
  virtual ~SpendingBook() = default;
  // Of all requests that ended within the span; what lies in the write-ahead log is delivered first. Any loop's thread.
  virtual Task<Result<Spending>> spent(SpendingAccount account, WallSpan span) = 0;
};

}  // namespace obleth::ports
