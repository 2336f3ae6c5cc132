// The spending book of rows that are still on their way: what was kept is delivered before the ledger is asked.
//
// Any loop's thread, once it follows a backlog.
#pragma once

#include "ports/spending_book.hpp"
#include "ports/usage_backlog.hpp"

namespace obleth::adapters {

class DeliveredSpending final : public ports::SpendingBook {
 public:
  // For the rows of a crash to be delivered; who asks does not wait as long.
  static constexpr Duration delivery_wait_max = std::chrono::seconds(60);

  explicit DeliveredSpending(ports::SpendingBook& ledger) : ledger_(ledger) {}

  // Before the first question; without one the ledger has everything.
  void follow(ports::UsageBacklog& backlog) { backlog_ = &backlog; }

  Task<Result<ports::Spending>> spent(ports::SpendingAccount account, WallSpan span) override;

 private:
  ports::SpendingBook& ledger_;
  ports::UsageBacklog* backlog_ = nullptr;
};

}  // namespace obleth::adapters
