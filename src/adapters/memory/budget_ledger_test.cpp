#include "adapters/memory/budget_ledger.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "adapters/memory/ledger_fixture_test.hpp"

namespace obleth::adapters {
namespace {

class BudgetLedgerTest : public testing::Test {
 protected:
  ports::ReserveOutcome reserve(const ports::ReserveRequest& asked) { return ledger_.reserve(asked).run_now(); }
  ports::BudgetStanding standing(const ports::LimitedAccount& limits) {
    return ledger_.standing({.tenant = tenant, .key = {}, .limits = limits, .timezone = "UTC"}).run_now().value();
  }

  SteppedClock clock_;
  MemoryBudgetLedger ledger_{clock_};
};

TEST_F(BudgetLedgerTest, NothingIsKeptOfAccountsWithoutLimits) {
  ASSERT_TRUE(reserve(request(1, 10, 10, 10)).granted);
  EXPECT_EQ(ledger_.account_count(), 0U);
  EXPECT_EQ(ledger_.open_reservations(), 0U);
  ledger_.settle(settlement(1, 20));
}

TEST_F(BudgetLedgerTest, KeyAndTenantAreChargedTogetherOrNotAtAll) {
  ports::ReserveRequest asked = request(1, 60, 0, 0);
  asked.tenant_limits.quota.tokens_per_minute = 100;
  asked.key_limits.quota.tokens_per_minute = 1000;
  ASSERT_TRUE(reserve(asked).granted);
  asked.reservation = EventId{{2, 2}};
  const ports::ReserveOutcome refused = reserve(asked);
  ASSERT_FALSE(refused.granted);
  EXPECT_EQ(refused.refusal.by, ports::RefusedBy::tokens_per_minute);
  EXPECT_EQ(refused.refusal.account, "tenant");
  EXPECT_EQ(refused.refusal.retry_after, seconds(12));
  EXPECT_EQ(refused.refusal.tokens->remaining, 40);  // and the key still has 940
  asked.tenant_limits = {};
  ASSERT_TRUE(reserve(asked).granted);
  asked.reservation = EventId{{3, 3}};
  EXPECT_EQ(reserve(asked).granted->tokens->remaining, 1000 - 3 * 60);
}

TEST_F(BudgetLedgerTest, TheTighterRateIsShown) {
  ports::ReserveRequest asked = request(1, 100, 0, 0);
  asked.tenant_limits.quota = {.tokens_per_minute = 6000, .requests_per_minute = 60, .max_in_flight = {}};
  asked.key_limits.quota.tokens_per_minute = 600;
  const ports::ReserveOutcome outcome = reserve(asked);
  ASSERT_TRUE(outcome.granted);
  EXPECT_EQ(outcome.granted->tokens->limit, 600);
  EXPECT_EQ(outcome.granted->tokens->remaining, 500);
  EXPECT_EQ(outcome.granted->tokens->reset, seconds(10));
  EXPECT_EQ(outcome.granted->requests->remaining, 59);
}

TEST_F(BudgetLedgerTest, SettlingReturnsWhatWasNotUsed) {
  ports::ReserveRequest asked = request(1, 100, 400, 400);
  asked.tenant_limits.quota.tokens_per_minute = 1000;
  ASSERT_TRUE(reserve(asked).granted);
  ledger_.settle(settlement(1, 150));
  asked.reservation = EventId{{2, 2}};
  EXPECT_EQ(reserve(asked).granted->tokens->remaining, 1000 - 150 - 500);
}

TEST_F(BudgetLedgerTest, ARequestThatNeverRanGivesItsCountBack) {
  ports::ReserveRequest asked = request(1, 1, 0, 0);
  asked.key_limits.quota.requests_per_minute = 1;
  ASSERT_TRUE(reserve(asked).granted);
  ports::SettleRequest unused = settlement(1, 0);
  unused.refund_request = true;
  ledger_.settle(unused);
  asked.reservation = EventId{{2, 2}};
  ASSERT_TRUE(reserve(asked).granted);
  ledger_.settle(settlement(2, 0));
  asked.reservation = EventId{{3, 3}};
  EXPECT_EQ(reserve(asked).refusal.by, ports::RefusedBy::requests_per_minute);
}

TEST_F(BudgetLedgerTest, SettlingTwiceIsSettlingOnce) {
  ports::ReserveRequest asked = request(1, 100, 0, 0);
  asked.tenant_limits.budget = tokens_a_day(1000);
  ASSERT_TRUE(reserve(asked).granted);
  ports::SettleRequest settled = settlement(1, 600);
  settled.turn = {.stream = 9, .sequence = 1};
  ledger_.settle(settled);
  ledger_.settle(settled);
  asked.reservation = EventId{{2, 2}};
  asked.bound_tokens = asked.input_tokens = asked.hold_tokens = 400;
  EXPECT_TRUE(reserve(asked).granted);
}

TEST_F(BudgetLedgerTest, AShortBudgetSoftensWhereThatIsAccepted) {
  ports::ReserveRequest asked = request(1, 100, 200, 5000);
  asked.key_limits.budget = tokens_a_day(1000);
  EXPECT_EQ(reserve(asked).refusal.by, ports::RefusedBy::budget);
  asked.soften_to_tokens = 256;
  const ports::ReserveOutcome outcome = reserve(asked);
  ASSERT_TRUE(outcome.granted);
  EXPECT_EQ(outcome.granted->output_cap, 900);
  EXPECT_EQ(outcome.granted->softened_by, ports::SoftenedBy::budget);
}

TEST_F(BudgetLedgerTest, UntouchedAccountsAreForgotten) {
  for (std::uint64_t other = 0; other < 100'000; ++other) {
    ports::ReserveRequest asked = request(other + 1, 1, 0, 0);
    asked.tenant = TenantId{{other, 64}};
    asked.tenant_limits.quota.tokens_per_minute = 1'000'000;
    ASSERT_TRUE(reserve(asked).granted);
    ports::SettleRequest settled = settlement(other + 1, 1);
    settled.tenant = asked.tenant;
    ledger_.settle(settled);
    clock_.step(milliseconds(1));
  }
  EXPECT_LT(ledger_.account_count(), 70'000U);
  EXPECT_EQ(ledger_.open_reservations(), 0U);
}

TEST_F(BudgetLedgerTest, AReservationThatNobodyRenewsIsReleased) {
  ports::ReserveRequest asked = request(1, 100, 500, 800);
  asked.tenant_limits.budget = tokens_a_day(1000);
  asked.tenant_limits.quota.tokens_per_minute = 1000;
  ASSERT_TRUE(reserve(asked).granted->renewable);
  clock_.step(ports::reservation_lifetime - Duration{1});
  EXPECT_EQ(standing(asked.tenant_limits).held_tokens, 900);
  clock_.step(Duration{1});
  EXPECT_EQ(standing(asked.tenant_limits).held_tokens, 0);
  EXPECT_EQ(standing(asked.tenant_limits).used_tokens, 0);
  EXPECT_EQ(ledger_.open_reservations(), 0U);
}

TEST_F(BudgetLedgerTest, ARenewedReservationIsHeldForAsLongAsItsOwnerLives) {
  ports::ReserveRequest asked = request(1, 100, 0, 800);
  asked.tenant_limits.budget = tokens_a_day(1000);
  ASSERT_TRUE(reserve(asked).granted);
  const std::vector<ports::HeldReservation> held = {{asked.reservation, tenant}, {EventId{{5, 5}}, tenant}};
  for (int minute = 0; minute < 60; ++minute) {
    clock_.step(seconds(60));
    ledger_.renew(held);
    ASSERT_EQ(standing(asked.tenant_limits).held_tokens, 900);
  }
}

TEST_F(BudgetLedgerTest, TheTruthOfAnExpiredReservationIsBookedInFull) {
  ports::ReserveRequest asked = request(1, 100, 0, 800);
  asked.tenant_limits.budget = tokens_a_day(1000);
  asked.key_limits.quota.tokens_per_minute = 1000;
  ASSERT_TRUE(reserve(asked).granted);
  clock_.step(seconds(121));
  EXPECT_EQ(standing(asked.tenant_limits).held_tokens, 0);
  ledger_.settle(settlement(1, 700, 5));
  EXPECT_EQ(standing(asked.tenant_limits).used_tokens, 700);
  EXPECT_EQ(standing(asked.tenant_limits).used_cost.value, 5);
  asked.reservation = EventId{{2, 2}};
  asked.bound_tokens = 200;
  EXPECT_EQ(reserve(asked).granted->tokens->remaining, 200);  // 1000 less 700 less 100
}

TEST_F(BudgetLedgerTest, ARequestThatBeganBeforeTheBudgetCountsWhenItEnds) {
  ports::ReserveRequest asked = request(1, 100, 0, 800);
  ASSERT_TRUE(reserve(asked).granted);
  asked.tenant_limits.budget = tokens_a_day(1000);
  EXPECT_EQ(standing(asked.tenant_limits).used_tokens, 0);
  clock_.step(milliseconds(5));
  ledger_.settle(settlement(1, 300));
  EXPECT_EQ(standing(asked.tenant_limits).used_tokens, 300);
}

TEST_F(BudgetLedgerTest, AChangedBudgetActsOnTheNextRequestAndKeepsItsDebt) {
  ports::ReserveRequest asked = request(1, 100, 0, 500);
  asked.key_limits.budget = tokens_a_day(1000);
  ASSERT_TRUE(reserve(asked).granted);
  ledger_.settle(settlement(1, 600));
  asked.reservation = EventId{{2, 2}};
  EXPECT_EQ(reserve(asked).refusal.by, ports::RefusedBy::budget);
  asked.key_limits.budget = tokens_a_day(1200);
  ASSERT_TRUE(reserve(asked).granted);
  asked.reservation = EventId{{3, 3}};
  asked.key_limits.budget = tokens_a_day(500);
  const ports::ReserveOutcome refused = reserve(asked);
  EXPECT_EQ(refused.refusal.by, ports::RefusedBy::budget);
  EXPECT_EQ(refused.refusal.account, "key");
}

TEST_F(BudgetLedgerTest, TheStandingTellsUsedHeldAndTheEndOfTheTerm) {
  ports::ReserveRequest asked = request(1, 100, 0, 200);
  asked.tenant_limits.budget = tokens_a_day(1000);
  asked.bound_cost = {77};
  ASSERT_TRUE(reserve(asked).granted);
  const ports::BudgetStanding held = standing(asked.tenant_limits);
  EXPECT_EQ(held.held_tokens, 300);
  EXPECT_EQ(held.held_cost.value, 77);
  EXPECT_EQ(held.used_tokens, 0);
  EXPECT_EQ(held.resets_at, (WallTime{1'700'006'400'000}));  // midnight, 2023-11-15
  ledger_.settle(settlement(1, 250, 60));
  const ports::BudgetStanding used = standing(asked.tenant_limits);
  EXPECT_EQ(used.held_tokens, 0);
  EXPECT_EQ(used.used_tokens, 250);
  EXPECT_EQ(used.used_cost.value, 60);
  asked.tenant_limits.budget->period = BudgetPeriod::lifetime;
  EXPECT_FALSE(standing(asked.tenant_limits).resets_at);
}

TEST(MemoryBudgetLedger, ManyThreadsShareOneBudgetExactly) {
  SteppedClock clock;
  MemoryBudgetLedger ledger(clock);
  constexpr std::int64_t limit = 20'000;
  std::atomic<std::int64_t> granted = 0;
  std::vector<std::jthread> threads;
  for (std::uint64_t thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (std::uint64_t round = 0; round < 10'000; ++round) {
        ports::ReserveRequest asked = request(thread << 32 | (round + 1), 1, 0, 0);
        asked.tenant_limits.budget =
            Budget{.period = BudgetPeriod::lifetime, .starts_at = {}, .tokens = limit, .cost = {}};
        if (!ledger.reserve(asked).run_now().granted) continue;
        ++granted;
        ports::SettleRequest settled = settlement(0, 1);
        settled.reservation = asked.reservation;
        ledger.settle(settled);
      }
    });
  }
  threads.clear();
  EXPECT_EQ(granted, limit);
}

}  // namespace
}  // namespace obleth::adapters
