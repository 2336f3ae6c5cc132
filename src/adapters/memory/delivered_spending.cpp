#include "adapters/memory/delivered_spending.hpp"

#include <utility>

namespace obleth::adapters {

Task<Result<ports::Spending>> DeliveredSpending::spent(ports::SpendingAccount account, WallSpan span) {
  if (backlog_ != nullptr) {
    Result<void> delivered = co_await backlog_->delivered(delivery_wait_max);
    if (!delivered) co_return fail(std::move(delivered.error()));
  }
  Result<ports::Spending> spent = co_await ledger_.spent(account, span);
  co_return spent;
}

}  // namespace obleth::adapters
