// What was spent before the ledger knew an account: asked of the spending book once, and not waited for without end.
#include <gtest/gtest.h>

#include <algorithm>
#include <coroutine>
#include <optional>
#include <utility>
#include <vector>

#include "adapters/memory/budget_ledger.hpp"
#include "adapters/memory/ledger_fixture_test.hpp"
#include "mock/fake_loop.hpp"

namespace obleth::adapters {
namespace {

// Knows rows by their end; holds its answers back while it is told to.
class FakeBook final : public ports::SpendingBook {
 public:
  struct Row {
    ports::SpendingAccount account;
    std::int64_t ts_ms;
    std::int64_t tokens;
    std::int64_t nano_usd;
  };
  struct Question {
    ports::SpendingAccount account;
    WallSpan span;
  };

  Task<Result<ports::Spending>> spent(ports::SpendingAccount account, WallSpan span) override {
    questions.push_back({account, span});
    co_await Held{*this};
    if (broken) co_return fail(store_fault(FaultKind::unreachable, "the disk is gone"));
    ports::Spending sum;
    for (const Row& row : rows) {
      if (row.account != account || !span.contains({row.ts_ms})) continue;
      sum.tokens += row.tokens;
      sum.cost.value += row.nano_usd;
    }
    co_return sum;
  }
  void release() {
    held = false;
    for (const std::coroutine_handle<> waiter : std::exchange(waiters_, {}))
      waiter.resume();
  }

  std::vector<Row> rows;
  std::vector<Question> questions;
  bool broken = false;
  bool held = false;

 private:
  struct Held {
    FakeBook& book;
    [[nodiscard]] bool await_ready() const noexcept { return !book.held; }
    void await_suspend(std::coroutine_handle<> waiter) const { book.waiters_.push_back(waiter); }
    void await_resume() const noexcept {}
  };
  std::vector<std::coroutine_handle<>> waiters_;
};

// The ledger's clock is the loop's.
class LoopClock final : public ports::Clock {
 public:
  explicit LoopClock(const mock::FakeLoop& loop) : loop_(loop) {}
  [[nodiscard]] Instant now() const override { return loop_.now(); }
  [[nodiscard]] WallTime wall_now() const override { return loop_.wall_now(); }

 private:
  const mock::FakeLoop& loop_;
};

class SpendingTest : public testing::Test {
 protected:
  SpendingTest() { asked_.tenant_limits.budget = tokens_a_day(1000); }

  static Task<void> reserve_into(MemoryBudgetLedger& ledger, ports::ReserveRequest asked,
                                 std::vector<ports::ReserveOutcome>& into) {
    ports::ReserveOutcome outcome = co_await ledger.reserve(asked);
    into.push_back(std::move(outcome));
  }
  void begin(MemoryBudgetLedger& ledger, std::uint64_t id) {
    asked_.reservation = EventId{{id, id}};
    spawn(reserve_into(ledger, asked_, outcomes_));
  }
  ports::ReserveOutcome reserve(MemoryBudgetLedger& ledger, std::uint64_t id) {
    begin(ledger, id);
    loop_.advance(Duration{0});
    return outcomes_.back();
  }
  std::optional<ports::BudgetStanding> standing(MemoryBudgetLedger& ledger) {
    return ledger.standing({.tenant = tenant, .key = {}, .limits = asked_.tenant_limits, .timezone = "UTC"}).run_now();
  }
  [[nodiscard]] std::int64_t wall_ms() const { return loop_.wall_now().unix_ms; }

  mock::FakeLoop loop_;
  LoopClock clock_{loop_};
  FakeBook book_;
  MemoryBudgetLedger ledger_{clock_, {.book = &book_}};
  ports::ReserveRequest asked_ = request(1, 100, 0, 200);
  std::vector<ports::ReserveOutcome> outcomes_;
};

TEST_F(SpendingTest, WhatWasSpentBeforeTheStartCounts) {
  book_.rows = {{tenant, wall_ms() - 1000, 400, 9}, {tenant, wall_ms() - 100'000'000, 5000, 0}, {key, wall_ms(), 1, 1}};
  ASSERT_TRUE(reserve(ledger_, 1).granted);
  EXPECT_EQ(standing(ledger_)->used_tokens, 400);
  EXPECT_EQ(standing(ledger_)->used_cost.value, 9);
  EXPECT_EQ(standing(ledger_)->held_tokens, 300);
  EXPECT_EQ(reserve(ledger_, 2).granted.has_value(), true);
  EXPECT_EQ(reserve(ledger_, 3).refusal.by, ports::RefusedBy::budget);
  EXPECT_EQ(book_.questions.size(), 1U);
}

TEST_F(SpendingTest, NothingIsCountedTwiceOrNotAtAll) {
  book_.rows = {{tenant, wall_ms() - 1, 100, 0}};
  ASSERT_TRUE(reserve(ledger_, 1).granted);
  ports::SettleRequest settled = settlement(1, 250);
  settled.ended_at = loop_.wall_now();
  const WallTime row = ledger_.settle(settled);
  EXPECT_EQ(standing(ledger_)->used_tokens, 350);
  // After a restart the book alone tells the same.
  book_.rows.push_back({tenant, row.unix_ms, 250, 0});
  loop_.advance(seconds(1));
  MemoryBudgetLedger restarted{clock_, {.book = &book_}};
  EXPECT_EQ(standing(restarted)->used_tokens, 350);
  EXPECT_EQ(standing(ledger_)->used_tokens, 350);
}

TEST_F(SpendingTest, ManyFirstRequestsAskOnce) {
  book_.held = true;
  for (std::uint64_t id = 1; id <= 50; ++id)
    begin(ledger_, id);
  EXPECT_EQ(book_.questions.size(), 1U);
  EXPECT_TRUE(outcomes_.empty());
  book_.release();
  loop_.advance(Duration{0});
  EXPECT_EQ(outcomes_.size(), 50U);
  EXPECT_EQ(std::ranges::count_if(outcomes_, [](const auto& one) { return one.granted.has_value(); }), 3);
}

TEST_F(SpendingTest, ABookThatHangsCostsTheFirstRequestsAQuarterOfASecond) {
  book_.held = true;
  book_.rows = {{tenant, wall_ms() - 1, 900, 0}};
  begin(ledger_, 1);
  loop_.advance(spending_wait_max - milliseconds(1));
  EXPECT_TRUE(outcomes_.empty());
  loop_.advance(milliseconds(21));
  ASSERT_EQ(outcomes_.size(), 1U);
  EXPECT_TRUE(outcomes_.back().granted->unguarded);
  EXPECT_TRUE(reserve(ledger_, 2).granted->unguarded);  // at once
  EXPECT_EQ(book_.questions.size(), 1U);
  // The answer that comes late is learned.
  book_.release();
  EXPECT_EQ(reserve(ledger_, 3).refusal.by, ports::RefusedBy::budget);
  EXPECT_EQ(standing(ledger_)->used_tokens, 900);
}

TEST_F(SpendingTest, ABookThatFailsIsAskedAgainSoon) {
  book_.broken = true;
  EXPECT_TRUE(reserve(ledger_, 1).granted->unguarded);
  EXPECT_TRUE(reserve(ledger_, 2).granted->unguarded);
  EXPECT_EQ(book_.questions.size(), 1U);
  book_.broken = false;
  book_.rows = {{tenant, wall_ms() - 1, 300, 0}};
  loop_.advance(spending_pause);
  const ports::ReserveOutcome guarded = reserve(ledger_, 3);
  EXPECT_EQ(guarded.refusal.by, ports::RefusedBy::budget);  // 300 spent, 600 held
  EXPECT_EQ(book_.questions.size(), 2U);
}

TEST_F(SpendingTest, FailingClosedRefusesWhatCannotBeKnown) {
  MemoryBudgetLedger strict{clock_, {.book = &book_}};
  strict.set_fail_open(false);
  book_.broken = true;
  const ports::ReserveOutcome refused = reserve(strict, 1);
  EXPECT_FALSE(refused.granted);
  EXPECT_EQ(refused.refusal.by, ports::RefusedBy::store);
  EXPECT_FALSE(standing(strict));
  strict.set_fail_open(true);
  EXPECT_TRUE(reserve(strict, 3).granted->unguarded);
  strict.set_fail_open(false);
  asked_.tenant_limits.budget.reset();
  EXPECT_TRUE(reserve(strict, 2).granted);  // nothing is to be known
}

TEST_F(SpendingTest, ABudgetThatIsSetLaterKnowsWhatItsTermHasSpentAlready) {
  asked_.tenant_limits = {.quota = {.tokens_per_minute = 1'000'000}, .budget = {}};
  ASSERT_TRUE(reserve(ledger_, 1).granted);
  EXPECT_TRUE(book_.questions.empty());
  book_.rows = {{tenant, wall_ms(), 700, 0}};
  asked_.tenant_limits.budget = tokens_a_day(1000);
  EXPECT_EQ(reserve(ledger_, 2).refusal.by, ports::RefusedBy::budget);
  ports::SettleRequest unused = settlement(1, 0);
  unused.ended_at = loop_.wall_now();
  ledger_.settle(unused);
  asked_.bound_tokens = 300;
  EXPECT_TRUE(reserve(ledger_, 3).granted);
}

TEST_F(SpendingTest, AnotherPeriodIsAskedForAnew) {
  book_.rows = {{tenant, wall_ms() - 100'000'000, 800, 0}, {tenant, wall_ms() - 5, 10, 0}};
  EXPECT_EQ(standing(ledger_)->used_tokens, 10);
  asked_.tenant_limits.budget->period = BudgetPeriod::month;
  EXPECT_EQ(standing(ledger_)->used_tokens, 810);
  EXPECT_EQ(book_.questions.size(), 2U);
}

TEST_F(SpendingTest, ANewTermIsNotAskedFor) {
  EXPECT_EQ(standing(ledger_)->used_tokens, 0);
  loop_.advance(std::chrono::hours(24));
  EXPECT_EQ(standing(ledger_)->used_tokens, 0);
  EXPECT_EQ(book_.questions.size(), 1U);
}

TEST_F(SpendingTest, WhoLeavesWhileItIsAskedStrandsNobody) {
  book_.held = true;
  asked_.reservation = EventId{{1, 1}};
  auto leaving = std::make_optional(reserve_into(ledger_, asked_, outcomes_));
  leaving->await_suspend(std::noop_coroutine()).resume();
  begin(ledger_, 2);
  leaving.reset();
  book_.release();
  loop_.advance(Duration{0});
  ASSERT_EQ(outcomes_.size(), 1U);
  EXPECT_EQ(ledger_.open_reservations(), 1U);
}

TEST_F(SpendingTest, IdleAccountsAreForgottenThoughTheySpent) {
  constexpr std::uint64_t tenants = 100'000;
  for (std::uint64_t other = 0; other < tenants; ++other) {
    ports::ReserveRequest asked = request(other + 1, 1, 0, 0);
    asked.tenant = TenantId{{other, 64}};
    asked.tenant_limits.budget = tokens_a_day(1000);
    ASSERT_TRUE(ledger_.reserve(asked).run_now().granted);
    ports::SettleRequest settled = settlement(other + 1, 1);
    settled.tenant = asked.tenant;
    settled.ended_at = loop_.wall_now();
    ledger_.settle(settled);
    if (other % 1000 == 0) loop_.advance(seconds(1));
  }
  EXPECT_LT(ledger_.account_count(), tenants * 3 / 4);
}

}  // namespace
}  // namespace obleth::adapters
