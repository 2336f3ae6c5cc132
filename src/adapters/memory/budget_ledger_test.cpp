#include "adapters/memory/budget_ledger.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>
#include <vector>

namespace obleth::adapters {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class SteppedClock final : public ports::Clock {
 public:
  [[nodiscard]] Instant now() const override { return Instant(since_start_); }
  [[nodiscard]] WallTime wall_now() const override {
    return {1'700'000'000'000 + std::chrono::duration_cast<milliseconds>(since_start_).count()};
  }
  void step(Duration span) { since_start_ += span; }

 private:
  Duration since_start_{0};
};

constexpr TenantId tenant{{7, 1}};
constexpr KeyId key{{7, 2}};

ports::ReserveRequest request(std::uint64_t id, std::int64_t input, std::int64_t expected, std::int64_t bound) {
  ports::ReserveRequest asked;
  asked.reservation = EventId{{id, id}};
  asked.tenant = tenant;
  asked.key = key;
  asked.timezone = "UTC";
  asked.input_tokens = input;
  asked.hold_tokens = input + expected;
  asked.bound_tokens = input + bound;
  return asked;
}

ports::SettleRequest settlement(std::uint64_t id, std::int64_t used, std::int64_t nano_usd = 0) {
  ports::SettleRequest settled;
  settled.reservation = EventId{{id, id}};
  settled.tenant = tenant;
  settled.key = key;
  settled.used_tokens = used;
  settled.cost = {nano_usd};
  return settled;
}

Budget tokens_a_day(std::int64_t tokens) {
  return {.period = BudgetPeriod::day, .starts_at = {}, .tokens = tokens, .cost = {}};
}

class BudgetLedgerTest : public testing::Test {
 protected:
  ports::ReserveOutcome reserve(const ports::ReserveRequest& asked) { return ledger_.reserve(asked).run_now(); }

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
  ledger_.settle(settlement(1, 600));
  ledger_.settle(settlement(1, 600));
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

// Random requests, endings and pauses: at every step what is settled and held stays within every budget.
TEST_F(BudgetLedgerTest, ABudgetIsNeverOverspent) {
  std::mt19937_64 random(11);
  const auto pick = [&random](std::int64_t bound) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(bound));
  };
  constexpr std::int64_t tenant_tokens = 1'000'000;
  constexpr std::int64_t key_nano_usd = 1'500'000'000;
  struct Open {
    std::uint64_t id;
    std::int64_t input, output, input_pico;
  };
  constexpr std::int64_t price_pico = 1'500'333;
  std::vector<Open> open;
  std::int64_t spent_tokens = 0, held_tokens = 0, spent_nano = 0, granted = 0, refused = 0, softened = 0;
  const auto cost = [](std::int64_t input_pico, std::int64_t output) {
    return (input_pico + output * price_pico + 500) / 1000;
  };
  for (std::uint64_t id = 1; id < 60'000; ++id) {
    if (open.empty() || pick(3) > 0) {
      const std::int64_t input = 1 + pick(200), bound = pick(3000), input_pico = input * 700'111;
      ports::ReserveRequest asked = request(id, input, pick(bound + 1), bound);
      asked.tenant_limits.budget =
          Budget{.period = BudgetPeriod::lifetime, .starts_at = {}, .tokens = tenant_tokens, .cost = {}};
      asked.key_limits.budget =
          Budget{.period = BudgetPeriod::lifetime, .starts_at = {}, .tokens = {}, .cost = NanoUsd{key_nano_usd}};
      asked.input_cost = {cost(input_pico, 0)};
      asked.bound_cost = {cost(input_pico, bound)};
      asked.output_cost_per_token = {price_pico};
      if (pick(2) == 0) asked.soften_to_tokens = std::min<std::int64_t>(bound, 16);
      const ports::ReserveOutcome outcome = reserve(asked);
      if (!outcome.granted) {
        ++refused;
        continue;
      }
      ++granted;
      softened += outcome.granted->output_cap ? 1 : 0;
      const std::int64_t output = std::min(bound, outcome.granted->output_cap.value_or(bound));
      open.push_back({id, input, output, input_pico});
      held_tokens += input + output;
    } else {
      std::swap(open[static_cast<std::size_t>(pick(static_cast<std::int64_t>(open.size())))], open.back());
      const Open ended = open.back();
      open.pop_back();
      const std::int64_t output = pick(4) == 0 ? ended.output : pick(ended.output + 1);
      const bool never_ran = pick(10) == 0;
      const std::int64_t used = never_ran ? 0 : ended.input + output;
      const std::int64_t paid = never_ran ? 0 : cost(ended.input_pico, output);
      ledger_.settle(settlement(ended.id, used, paid));
      held_tokens -= ended.input + ended.output;
      spent_tokens += used;
      spent_nano += paid;
    }
    std::int64_t held_nano = 0;
    for (const Open& one : open)
      held_nano += cost(one.input_pico, one.output);
    ASSERT_LE(spent_tokens + held_tokens, tenant_tokens);
    ASSERT_LE(spent_nano + held_nano, key_nano_usd);
    clock_.step(milliseconds(pick(50)));
  }
  EXPECT_GT(granted, 500);
  EXPECT_GT(refused, 500);
  EXPECT_GT(softened, 5);
  EXPECT_GT(std::max(spent_tokens * 100 / tenant_tokens, spent_nano * 100 / key_nano_usd), 98);
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
