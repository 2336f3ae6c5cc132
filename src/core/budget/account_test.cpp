#include "core/budget/account.hpp"

#include <gtest/gtest.h>

namespace obleth::budget {
namespace {

using std::chrono::seconds;

constexpr std::int64_t noon = 1'700'049'600'000;  // 2023-11-15 12:00 UTC
constexpr std::int64_t hour_ms = 60 * 60 * 1000;
constexpr std::int64_t day_ms = 24 * hour_ms;
constexpr std::int64_t midnight = noon - 12 * hour_ms;

Moment at(std::int64_t second, std::int64_t wall_ms = noon) {
  return {Instant(seconds(second)), {wall_ms}};
}

Limits of_tokens(BudgetPeriod period, std::int64_t tokens) {
  Limits limits;
  limits.budget = Budget{.period = period, .starts_at = {}, .tokens = tokens, .cost = {}};
  return limits;
}

Limits daily(std::int64_t tokens) {
  return of_tokens(BudgetPeriod::day, tokens);
}

Limits per_minute(std::int64_t tokens) {
  Limits limits;
  limits.quota.tokens_per_minute = tokens;
  return limits;
}

Hold bound_of(std::int64_t tokens) {
  return {.expected_tokens = 0, .bound = {tokens, {}}};
}

void use(Account& account, std::int64_t tokens, std::int64_t wall_ms = noon) {
  account.take(bound_of(tokens), at(0).now);
  account.settle({.hold = bound_of(tokens), .used = {tokens, {}}, .ended_at = {wall_ms}}, at(0).now);
}

TEST(Account, SettlingTurnsTheHoldIntoSpending) {
  Account account;
  account.obey(daily(1000), "UTC", at(0));
  account.take(bound_of(400), at(0).now);
  EXPECT_EQ(account.tokens_left(), 600);
  account.settle({.hold = bound_of(400), .used = {120, {}}, .ended_at = {noon}}, at(0).now);
  EXPECT_EQ(account.spent().tokens, 120);
  EXPECT_EQ(account.held().tokens, 0);
  EXPECT_EQ(account.tokens_left(), 880);
}

TEST(Account, ANewTermBeginsAtLocalMidnight) {
  Account account;
  account.obey(daily(1000), "America/New_York", at(0));
  use(account, 1000);
  account.obey(daily(1000), "America/New_York", at(0, noon + 16 * hour_ms));  // 23:00 in New York
  EXPECT_EQ(account.tokens_left(), 0);
  account.obey(daily(1000), "America/New_York", at(0, noon + 17 * hour_ms));
  EXPECT_EQ(account.tokens_left(), 1000);
}

TEST(Account, ARequestCountsInTheTermInWhichItEnds) {
  Account account;
  account.obey(daily(1000), "UTC", at(0));
  account.take(bound_of(300), at(0).now);
  account.take(bound_of(500), at(0).now);
  account.settle({.hold = bound_of(300), .used = {300, {}}, .ended_at = {noon}}, at(0).now);
  // Midnight: what was spent is over, what is held will be spent in the new day.
  account.obey(daily(1000), "UTC", at(0, midnight + day_ms));
  EXPECT_EQ(account.spent().tokens, 0);
  EXPECT_EQ(account.tokens_left(), 500);
  account.settle({.hold = bound_of(500), .used = {450, {}}, .ended_at = {midnight + day_ms + 5}}, at(0).now);
  EXPECT_EQ(account.tokens_left(), 550);
}

TEST(Account, ASettleAfterMidnightBeginsTheTermByItself) {
  Account account;
  account.obey(daily(1000), "UTC", at(0));
  account.take(bound_of(600), at(0).now);
  account.settle({.hold = bound_of(600), .used = {600, {}}, .ended_at = {midnight + day_ms}}, at(0).now);
  account.obey(daily(1000), "UTC", at(0, midnight + day_ms + 1));
  EXPECT_EQ(account.tokens_left(), 400);
}

// The day on which clocks spring forward has 23 hours, the one on which they fall back has 25.
TEST(Account, DaysEndWithTheLocalDateOnBothDaysOfTheClockChange) {
  struct Change {
    std::int64_t begin_ms;
    std::int64_t hours;
  };
  for (const Change change : {Change{1'774'738'800'000, 23}, Change{1'792'879'200'000, 25}}) {  // Berlin, 2026
    Account account;
    const std::int64_t end = change.begin_ms + change.hours * hour_ms;
    account.obey(daily(1000), "Europe/Berlin", at(0, change.begin_ms));
    EXPECT_EQ(account.term(), (WallSpan{{change.begin_ms}, {end}}));
    use(account, 1000, change.begin_ms + 1);
    account.obey(daily(1000), "Europe/Berlin", at(0, end - 1));
    EXPECT_EQ(account.tokens_left(), 0);
    account.obey(daily(1000), "Europe/Berlin", at(0, end));
    EXPECT_EQ(account.tokens_left(), 1000);
  }
}

TEST(Account, AClockSetBackDoesNotReturnSpending) {
  Account account;
  account.obey(daily(1000), "UTC", at(0));
  use(account, 300);
  account.obey(daily(1000), "UTC", at(0, midnight - 1000));  // corrected by a little: the term stays
  EXPECT_EQ(account.tokens_left(), 700);
  EXPECT_EQ(account.term()->begin.unix_ms, midnight);
  account.obey(daily(1000), "UTC", at(0, noon - day_ms));  // by a day: it is the term of that day
  EXPECT_EQ(account.tokens_left(), 700);
  EXPECT_EQ(account.term()->begin.unix_ms, midnight - day_ms);
}

TEST(Account, AChangedAmountKeepsWhatIsSpent) {
  Account account;
  account.obey(daily(1000), "UTC", at(0));
  use(account, 300);
  account.obey(daily(500), "UTC", at(0));
  EXPECT_EQ(account.tokens_left(), 200);
  account.obey(daily(500), "Asia/Tokyo", at(0));
  EXPECT_EQ(account.tokens_left(), 200);
  account.obey(daily(100), "UTC", at(0));
  EXPECT_EQ(account.tokens_left(), -200);
}

TEST(Account, ABudgetCountsFromItsStart) {
  Account account;
  Limits limits = of_tokens(BudgetPeriod::lifetime, 1000);
  limits.budget->starts_at = WallTime{noon};
  account.obey(limits, "UTC", at(0, noon - 10));
  EXPECT_FALSE(account.tokens_left());
  use(account, 100, noon - 1);
  account.obey(limits, "UTC", at(0, noon));
  EXPECT_EQ(account.tokens_left(), 1000);
  EXPECT_FALSE(account.unknown());
  use(account, 400, noon + 1);
  account.obey(limits, "UTC", at(0, noon + 5000 * day_ms));
  EXPECT_EQ(account.tokens_left(), 600);
}

TEST(Account, BoundsOfAnySizeGoBackExactly) {
  Account account;
  account.obey(daily(1000), "UTC", at(0));
  const Hold endless = bound_of(std::numeric_limits<std::int64_t>::max());
  account.take(bound_of(10), at(0).now);
  account.take(endless, at(0).now);
  account.take(endless, at(0).now);
  EXPECT_LT(account.tokens_left(), 0);
  for (int request = 0; request < 2; ++request)
    account.settle({.hold = endless, .used = {1, {}}, .ended_at = {noon}}, at(0).now);
  EXPECT_EQ(account.held().tokens, 10);
  EXPECT_EQ(account.tokens_left(), 988);
}

// ---- what was spent before the account was opened
// --------------------------------------------------------------------

TEST(Account, WhatWasSpentEarlierInTheTermIsUnknownUntilItIsLearned) {
  Account account;
  account.obey(daily(1000), "UTC", at(0));
  const WallSpan before{{midnight}, {noon + 1}};
  ASSERT_EQ(account.unknown(), before);
  use(account, 100, noon + 5);
  account.learn(before, {300, {}});
  EXPECT_FALSE(account.unknown());
  EXPECT_EQ(account.tokens_left(), 600);
  account.learn(before, {300, {}});
  EXPECT_EQ(account.tokens_left(), 600);
}

TEST(Account, WhatEndsInTheMomentOfTheOpeningCountsInOnePlace) {
  Account account;
  account.obey(daily(1000), "UTC", at(0));
  account.take(bound_of(10), at(0).now);
  // Its row has to stand beyond the unknown span, as it is counted here.
  const WallTime counted = account.settle({.hold = bound_of(10), .used = {10, {}}, .ended_at = {noon}}, at(0).now);
  EXPECT_EQ(counted, account.unknown()->end);
  EXPECT_EQ(account.spent().tokens, 10);
}

TEST(Account, ATermThatBeginsLaterIsKnownFromItsFirstMoment) {
  Account account;
  account.obey(daily(1000), "UTC", at(0));
  account.obey(daily(1000), "UTC", at(0, noon + day_ms));
  EXPECT_FALSE(account.unknown());
}

TEST(Account, AnotherPeriodOrZoneIsLearnedAnew) {
  Account account;
  account.obey(daily(1000), "UTC", at(0));
  account.learn(*account.unknown(), {200, {}});
  use(account, 50);
  account.obey(of_tokens(BudgetPeriod::month, 1000), "UTC", at(0, noon + 10));
  ASSERT_TRUE(account.unknown());
  EXPECT_EQ(account.unknown()->end.unix_ms, noon + 11);
  account.learn(*account.unknown(), {700, {}});
  EXPECT_EQ(account.tokens_left(), 300);
  // Until it is learned, what was spent by the former zone's month stands.
  account.obey(of_tokens(BudgetPeriod::month, 1000), "Asia/Tokyo", at(0, noon + 20));
  EXPECT_EQ(account.tokens_left(), 300);
  account.learn(*account.unknown(), {650, {}});
  EXPECT_EQ(account.tokens_left(), 350);
}

TEST(Account, AnAnswerAboutAnotherSpanIsOutOfDate) {
  Account account;
  account.obey(daily(1000), "UTC", at(0));
  const WallSpan before = *account.unknown();
  account.obey(of_tokens(BudgetPeriod::month, 1000), "UTC", at(0));
  account.learn(before, {300, {}});
  EXPECT_TRUE(account.unknown());
  EXPECT_EQ(account.tokens_left(), 1000);
}

TEST(Account, ABudgetThatIsSetLaterCountsWhatEndsFromThenOn) {
  Account account;
  account.obey(per_minute(60), "UTC", at(0));
  account.take(bound_of(100), at(0).now);
  account.obey(daily(1000), "UTC", at(0, noon + 1000));
  EXPECT_EQ(account.held().tokens, 100);
  account.settle({.hold = bound_of(100), .used = {90, {}}, .ended_at = {noon + 2000}}, at(0).now);
  EXPECT_EQ(account.spent().tokens, 90);
}

TEST(Account, IsForgottenOnlyWhenThatChangesNothing) {
  Account account;
  account.obey(per_minute(60), "UTC", at(0));
  EXPECT_TRUE(account.is_untouched(at(0), false));
  const Hold hold{.expected_tokens = 10, .bound = {}};
  account.take(hold, at(0).now);
  EXPECT_FALSE(account.is_untouched(at(0), true));
  EXPECT_FALSE(account.is_untouched(at(3600), true));  // still open
  account.settle({.hold = hold, .used = {10, {}}, .ended_at = {noon}}, at(3600).now);
  EXPECT_TRUE(account.is_untouched(at(3600), false));
}

TEST(Account, SpendingIsForgottenWhereItIsRemembered) {
  Account account;
  account.obey(daily(1000), "UTC", at(0));
  use(account, 10);
  EXPECT_FALSE(account.is_untouched(at(3600), false));
  EXPECT_FALSE(account.is_untouched(at(0), true));  // its row may not have been written yet
  EXPECT_TRUE(account.is_untouched(at(3600), true));
  EXPECT_TRUE(account.is_untouched(at(3600, noon + day_ms), false));
}

}  // namespace
}  // namespace obleth::budget
