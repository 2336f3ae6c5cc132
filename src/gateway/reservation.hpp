// A held amount of budget. Only reserve_budget makes one; it is settled exactly once, at the latest by its destructor.
//
// Move-only. Its connection's thread; settling never waits.
#pragma once

#include <utility>

#include "ports/budget_ledger.hpp"

namespace obleth::gateway {

class HeldBudget {
 public:
  HeldBudget(ports::BudgetLedger& ledger, const ports::ReserveRequest& request, ports::Reservation granted)
      : ledger_(&ledger), tenant_(request.tenant), key_(request.key), granted_(std::move(granted)) {}
  HeldBudget(HeldBudget&& other) noexcept
      : ledger_(std::exchange(other.ledger_, nullptr)),
        tenant_(other.tenant_),
        key_(other.key_),
        granted_(std::move(other.granted_)) {}
  HeldBudget& operator=(HeldBudget&&) = delete;
  // The request left before it cost anything: all of it goes back.
  ~HeldBudget() {
    if (ledger_ != nullptr) settle(0, NanoUsd{}, true);
  }

  [[nodiscard]] const ports::Reservation& granted() const { return granted_; }

  void settle(std::int64_t used_tokens, NanoUsd cost, bool refund_request) {
    std::exchange(ledger_, nullptr)
        ->settle({.reservation = granted_.id,
                  .tenant = tenant_,
                  .key = key_,
                  .held_tokens = granted_.held_tokens,
                  .used_tokens = used_tokens,
                  .cost = cost,
                  .refund_request = refund_request});
  }

 private:
  ports::BudgetLedger* ledger_;
  TenantId tenant_;
  KeyId key_;
  ports::Reservation granted_;
};

}  // namespace obleth::gateway
