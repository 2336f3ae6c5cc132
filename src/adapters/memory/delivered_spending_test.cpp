#include "adapters/memory/delivered_spending.hpp"

#include <gtest/gtest.h>

namespace obleth::adapters {
namespace {

class OneSum final : public ports::SpendingBook {
 public:
  Task<Result<ports::Spending>> spent(ports::SpendingAccount, WallSpan) override {
    co_return ports::Spending{.tokens = tokens, .cost = {}};
  }
  std::int64_t tokens = 5;
};

// Its delivery adds to what the ledger knows.
class OneRow final : public ports::UsageBacklog {
 public:
  explicit OneRow(OneSum& ledger) : ledger_(ledger) {}
  Task<Result<void>> delivered(Duration) override {
    if (refused) co_return fail(store_fault(FaultKind::unavailable, "the disk is full"));
    ledger_.tokens += 7;
    co_return Result<void>();
  }
  bool refused = false;

 private:
  OneSum& ledger_;
};

TEST(DeliveredSpending, WhatIsOnItsWayArrivesBeforeTheQuestion) {
  OneSum ledger;
  OneRow backlog(ledger);
  DeliveredSpending book(ledger);
  EXPECT_EQ(book.spent(TenantId{{1, 1}}, {}).run_now()->tokens, 5);
  book.follow(backlog);
  EXPECT_EQ(book.spent(TenantId{{1, 1}}, {}).run_now()->tokens, 12);
}

TEST(DeliveredSpending, NothingIsToldOfALedgerThatLacksRows) {
  OneSum ledger;
  OneRow backlog(ledger);
  backlog.refused = true;
  DeliveredSpending book(ledger);
  book.follow(backlog);
  EXPECT_FALSE(book.spent(TenantId{{1, 1}}, {}).run_now());
}

}  // namespace
}  // namespace obleth::adapters
