#include "core/budget/token_bucket.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace obleth::budget {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();

Instant at(Duration since_start) {
  return Instant(since_start);
}

TEST(TokenBucket, StartsFullAndRefillsBySixtiethsASecond) {
  TokenBucket bucket(600, at(seconds(0)));
  EXPECT_EQ(bucket.level(at(seconds(0))), 600);
  bucket.take(600, at(seconds(0)));
  EXPECT_EQ(bucket.level(at(seconds(1))), 10);
  EXPECT_EQ(bucket.level(at(seconds(30))), 300);
  EXPECT_EQ(bucket.level(at(seconds(100))), 600);
}

TEST(TokenBucket, NoFractionIsLostHoweverOftenItIsAsked) {
  TokenBucket asked_once(7, at(seconds(0)));
  TokenBucket asked_often(7, at(seconds(0)));
  asked_once.take(1000, at(seconds(0)));
  asked_often.take(1000, at(seconds(0)));
  for (std::int64_t ms = 1; ms <= 600'000; ms += 7)
    static_cast<void>(asked_often.level(at(milliseconds(ms))));
  EXPECT_EQ(asked_often.level(at(seconds(600))), -1000 + 7 + 70);
  EXPECT_EQ(asked_once.level(at(seconds(600))), -1000 + 7 + 70);
}

TEST(TokenBucket, TheWaitIsExactToTheNanosecond) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 5000; ++round) {
    const auto pick = [&random](std::int64_t bound) {
      return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(bound));
    };
    TokenBucket bucket(1 + pick(1'000'000), at(seconds(0)));
    const Instant now = at(nanoseconds(pick(120'000'000'000)));
    bucket.take(pick(3'000'000), now);
    const std::int64_t amount = 1 + pick(2'000'000);
    const Duration wait = bucket.wait_for(amount, now);
    TokenBucket too_soon = bucket;
    EXPECT_TRUE(bucket.admits(amount, now + wait));
    if (wait > Duration{0}) EXPECT_FALSE(too_soon.admits(amount, now + wait - nanoseconds(1)));
  }
}

TEST(TokenBucket, ARequestLargerThanTheBucketGoesWhenItIsFull) {
  TokenBucket bucket(100, at(seconds(0)));
  EXPECT_TRUE(bucket.admits(5000, at(seconds(0))));
  bucket.take(5000, at(seconds(0)));
  EXPECT_EQ(bucket.level(at(seconds(0))), -4900);
  EXPECT_FALSE(bucket.admits(1, at(seconds(0))));
  EXPECT_EQ(bucket.wait_for(5000, at(seconds(0))), seconds(3000));
  EXPECT_TRUE(bucket.admits(5000, at(seconds(3000))));
}

TEST(TokenBucket, WhatGoesBackNeverOverfills) {
  TokenBucket bucket(100, at(seconds(0)));
  bucket.take(30, at(seconds(0)));
  bucket.take(-20, at(seconds(0)));
  EXPECT_EQ(bucket.level(at(seconds(0))), 90);
  bucket.take(-500, at(seconds(0)));
  EXPECT_EQ(bucket.level(at(seconds(0))), 100);
}

TEST(TokenBucket, AChangedLimitKeepsWhatIsUsed) {
  TokenBucket bucket(100, at(seconds(0)));
  bucket.take(60, at(seconds(0)));
  bucket.change_limit(1000, at(seconds(0)));
  EXPECT_EQ(bucket.level(at(seconds(0))), 940);
  bucket.change_limit(950, at(seconds(0)));
  EXPECT_EQ(bucket.level(at(seconds(0))), 890);
}

TEST(TokenBucket, ALoweredLimitLeavesTheBucketEmptyAtWorstAndADebtAsItWas) {
  TokenBucket bucket(600'000, at(seconds(0)));
  bucket.take(300'007, at(seconds(0)));
  bucket.change_limit(1200, at(nanoseconds(50'000)));  // half a token came back, and is not left
  EXPECT_EQ(bucket.level(at(nanoseconds(50'000))), 0);
  EXPECT_EQ(bucket.wait_for(1200, at(nanoseconds(50'000))), seconds(60));
  TokenBucket owing(100, at(seconds(0)));
  owing.take(130, at(seconds(0)));
  owing.change_limit(50, at(seconds(0)));
  EXPECT_EQ(owing.level(at(seconds(0))), -30);
}

TEST(TokenBucket, TimeThatStandsStillOrGoesBackGivesNothing) {
  TokenBucket bucket(60, at(seconds(100)));
  bucket.take(60, at(seconds(100)));
  EXPECT_EQ(bucket.level(at(seconds(10))), 0);
  EXPECT_EQ(bucket.level(at(seconds(101))), 1);
}

TEST(TokenBucket, HugeFiguresSaturate) {
  TokenBucket bucket(largest, at(seconds(0)));
  bucket.take(largest, at(seconds(0)));
  bucket.take(largest, at(seconds(0)));
  EXPECT_LT(bucket.level(at(seconds(0))), 0);
  EXPECT_EQ(bucket.level(at(std::chrono::hours(24 * 365))), largest);
  TokenBucket slow(1, at(seconds(0)));
  slow.take(largest, at(seconds(0)));
  EXPECT_EQ(slow.wait_for(1, at(seconds(0))), Duration::max());
}

}  // namespace
}  // namespace obleth::budget
