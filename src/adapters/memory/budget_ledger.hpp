// The budget ledger of a gateway that stands alone: in this process, the product's embedded mode.
//
// A tenant and its keys live in one shard, so that key and tenant are asked and charged in one critical section. Any
// thread. What happens to a reservation is decided by core/budget; nothing here knows a rule.
#pragma once

#include <array>
#include <memory>

#include "ports/budget_ledger.hpp"
#include "ports/clock.hpp"

namespace obleth::adapters {

// Reservations that are open at one time, over all tenants; one more is refused as "store".
inline constexpr std::size_t open_reservations_max = 1'000'000;

class MemoryBudgetLedger final : public ports::BudgetLedger {
 public:
  explicit MemoryBudgetLedger(const ports::Clock& clock);
  ~MemoryBudgetLedger() override;

  Task<ports::ReserveOutcome> reserve(const ports::ReserveRequest& request) override;
  // Nothing expires in one process, so an unknown reservation is one that was settled before: no effect.
  void settle(const ports::SettleRequest& request) override;

  // For tests and status: accounts remembered. Those that nothing was taken from are forgotten from time to time.
  [[nodiscard]] std::size_t account_count() const;
  [[nodiscard]] std::size_t open_reservations() const;

 private:
  struct Shard;
  [[nodiscard]] Shard& shard_of(TenantId tenant) const;

  static constexpr std::size_t shard_count = 64;
  const ports::Clock& clock_;
  std::unique_ptr<std::array<Shard, shard_count>> shards_;
};

}  // namespace obleth::adapters
