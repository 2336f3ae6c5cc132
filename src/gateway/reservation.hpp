// Held amounts of budget. Made by reserve_budget, and by mcp/reserve_calls; settled exactly once, at the latest by the
// destructor, and renewed from its making until then, the queue included.
//
// A thread's own, as its connections are; settling and renewing never wait.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "ports/budget_ledger.hpp"
#include "ports/loop.hpp"

namespace obleth::gateway {

// A third of a reservation's lifetime: two renewals may be late before it is taken for dead.
inline constexpr Duration renewal_period = ports::reservation_lifetime / 3;

class HeldBudget;

// All reservations of one thread: renewed together, their settles numbered. Outlives them.
class HeldBudgets final : private ports::Timer {
 public:
  // stream: tells this thread's settles from every other's, now and later.
  HeldBudgets(ports::BudgetLedger& ledger, ports::Loop& loop, std::uint64_t stream)
      : ledger_(ledger), loop_(loop), stream_(stream) {}
  ~HeldBudgets() { loop_.disarm(*this); }
  HeldBudgets(const HeldBudgets&) = delete;
  HeldBudgets& operator=(const HeldBudgets&) = delete;

  [[nodiscard]] ports::BudgetLedger& ledger() { return ledger_; }

 private:
  friend class HeldBudget;
  void expired() override;
  void add(HeldBudget& held);
  WallTime settle(ports::SettleRequest request);

  ports::BudgetLedger& ledger_;
  ports::Loop& loop_;
  const std::uint64_t stream_;
  std::uint64_t settled_ = 0;
  HeldBudget* first_ = nullptr;  // of those that must be renewed
  bool armed_ = false;
  std::vector<ports::HeldReservation> renewed_;  // kept for its memory
};

// Move-only.
class HeldBudget {
 public:
  HeldBudget(HeldBudgets& all, const ports::ReserveRequest& request, ports::Reservation granted);
  HeldBudget(HeldBudget&& other) noexcept;
  HeldBudget& operator=(HeldBudget&&) = delete;
  // The request left before it cost anything: all of it goes back.
  ~HeldBudget();

  [[nodiscard]] const ports::Reservation& granted() const { return granted_; }

  // Answers the moment that the request's row must bear.
  WallTime settle(std::int64_t used_tokens, NanoUsd cost, bool refund_request);

 private:
  friend class HeldBudgets;
  void unlink();

  HeldBudgets* all_;  // null: settled, or moved from
  HeldBudget* next_ = nullptr;
  HeldBudget** previous_ = nullptr;  // null: not among those to be renewed
  TenantId tenant_;
  KeyId key_;
  ports::Reservation granted_;
};

}  // namespace obleth::gateway
