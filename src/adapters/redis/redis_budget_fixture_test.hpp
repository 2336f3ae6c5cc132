// For tests: one loop's budget ledger over a real Redis, under a clock and a book that the test moves.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>

#include "adapters/redis/redis_replica_test.hpp"

namespace obleth::adapters::testing {

// What was spent before: told by the test.
class ToldBook final : public ports::SpendingBook {
 public:
  Task<Result<ports::Spending>> spent(ports::SpendingAccount, WallSpan) override {
    ++questions;
    if (silent) co_return fail(store_fault(FaultKind::unavailable, "the test's book is closed"));
    co_return ports::Spending{tokens, {}};
  }
  std::int64_t tokens = 0;
  bool silent = false;
  int questions = 0;
};

class RedisBudgetFixture : public ::testing::Test {
 protected:
  static ports::LimitedAccount a_day(std::int64_t tokens) {
    ports::LimitedAccount limits;
    limits.budget = tokens_a_day(tokens);
    return limits;
  }
  static ports::ReserveRequest with_budget(std::uint64_t id, std::int64_t bound, std::int64_t budget = 1000) {
    ports::ReserveRequest asked = request(id, 0, bound, bound);
    asked.tenant_limits = a_day(budget);
    return asked;
  }
  Replica& replica() {
    if (replica_ == nullptr) replica_ = std::make_unique<Replica>(floor_, redis_.settings(), clock_, rules_of(&book_));
    return *replica_;
  }
  ports::SettleRequest used(std::uint64_t id, std::int64_t tokens) {
    ports::SettleRequest settled = settlement(id, tokens);
    settled.ended_at = clock_.wall_now();
    settled.turn = {.stream = 1, .sequence = ++sequence_};
    return settled;
  }

  RedisProcess redis_;
  LinkFloor floor_;
  SteppedClock clock_;
  ToldBook book_;
  std::uint64_t sequence_ = 0;
  std::unique_ptr<Replica> replica_;
};

}  // namespace obleth::adapters::testing
