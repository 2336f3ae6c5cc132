#include "core/accounting/usage_history.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <limits>
#include <random>
#include <vector>

namespace obleth::accounting {
namespace {

constexpr TenantId tenant{{1, 1}};
constexpr ModelId model{{2, 2}};
constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();

TEST(UsageHistory, AnUnknownPairIsTakenAsItIs) {
  const UsageHistory history;
  EXPECT_EQ(history.corrected_input(tenant, model, 100), 100);
  EXPECT_EQ(history.corrected_input(tenant, model, 0), 1);
  EXPECT_EQ(history.probable_output(tenant, model, std::chrono::seconds(5)), 0);
}

TEST(UsageHistory, TheInputEstimateIsCorrectedByWhatCameTrue) {
  UsageHistory history;
  history.learn_input(tenant, model, 100, 150);
  EXPECT_EQ(history.corrected_input(tenant, model, 1000), 1500);
  for (int answer = 0; answer < 100; ++answer)
    history.learn_input(tenant, model, 100, 80);
  EXPECT_NEAR(static_cast<double>(history.corrected_input(tenant, model, 1000)), 800, 2);
  EXPECT_EQ(history.corrected_input(tenant, ModelId{{3, 3}}, 1000), 1000);
  EXPECT_EQ(history.corrected_input(TenantId{{4, 4}}, model, 1000), 1000);
}

TEST(UsageHistory, WhatIsAlwaysTheSameIsLearnedToTheToken) {
  for (const std::int64_t estimated : {3, 14, 63, 1000, 70'000, 131'071}) {
    for (const std::int64_t truth : {estimated / 3 + 1, estimated, estimated * 3}) {
      UsageHistory history;
      for (int answer = 0; answer < 20; ++answer)
        history.learn_input(tenant, model, estimated, truth);
      EXPECT_EQ(history.corrected_input(tenant, model, estimated), truth) << estimated;
    }
  }
}

TEST(UsageHistory, TheCorrectionStaysBetweenAQuarterAndFour) {
  UsageHistory history;
  for (int answer = 0; answer < 50; ++answer)
    history.learn_input(tenant, model, 1, largest);
  EXPECT_EQ(history.corrected_input(tenant, model, 100), 400);
  for (int answer = 0; answer < 500; ++answer)
    history.learn_input(tenant, model, largest, 1);
  EXPECT_NEAR(static_cast<double>(history.corrected_input(tenant, model, 100)), 25, 1);
  history.learn_input(tenant, model, 0, 5);
  history.learn_input(tenant, model, 5, 0);
  EXPECT_NEAR(static_cast<double>(history.corrected_input(tenant, model, 100)), 25, 1);
}

TEST(UsageHistory, AHugeEstimateSaturates) {
  UsageHistory history;
  history.learn_input(tenant, model, 1, 4);
  EXPECT_EQ(history.corrected_input(tenant, model, largest), largest);
}

TEST(UsageHistory, ThePercentileIsThatOfTheLastThirtyTwoAtAnyTime) {
  UsageHistory history;
  std::mt19937_64 random(5);
  std::deque<std::int64_t> last;
  for (int answer = 0; answer < 3000; ++answer) {
    last.push_back(static_cast<std::int64_t>(1 + random() % (answer % 700 < 350 ? 20 : 2000)));
    if (last.size() > 32) last.pop_front();
    history.learn_output(tenant, model, last.back(), std::chrono::seconds(1));
    if (last.size() < 32) continue;
    std::vector<std::int64_t> sorted(last.begin(), last.end());
    std::ranges::sort(sorted);
    ASSERT_EQ(history.hold_output(tenant, model, 100'000), sorted[28]) << answer;  // 29 of 32 are nine in ten
  }
}

TEST(UsageHistory, ThePercentileHoldsOnceThereAreSamples) {
  UsageHistory history;
  for (int answer = 1; answer < 20; ++answer) {
    history.learn_output(tenant, model, answer, std::chrono::seconds(1));
    EXPECT_EQ(history.hold_output(tenant, model, 100'000), 512);
    EXPECT_EQ(history.hold_output(tenant, model, 100), 100);
  }
  history.learn_output(tenant, model, 20, std::chrono::seconds(1));
  EXPECT_EQ(history.hold_output(tenant, model, 100'000), 18);
  EXPECT_EQ(history.hold_output(tenant, model, 5), 5);
}

TEST(UsageHistory, OnlyRecentOutputsCount) {
  UsageHistory history;
  for (int answer = 0; answer < 100; ++answer)
    history.learn_output(tenant, model, 5000, std::chrono::seconds(1));
  for (int answer = 0; answer < 32; ++answer)
    history.learn_output(tenant, model, 10, std::chrono::seconds(1));
  EXPECT_EQ(history.hold_output(tenant, model, 100'000), 10);
}

TEST(UsageHistory, ProbableOutputGrowsWithTime) {
  UsageHistory history;
  history.learn_output(tenant, model, 100, std::chrono::seconds(2));
  EXPECT_EQ(history.probable_output(tenant, model, std::chrono::seconds(1)), 50);
  EXPECT_EQ(history.probable_output(tenant, model, std::chrono::seconds(-1)), 0);
}

TEST(UsageHistory, ThePairUnusedForLongestIsForgotten) {
  UsageHistory history;
  history.learn_input(tenant, model, 1, 2);
  for (std::uint64_t other = 0; other + 1 < history_pairs_max; ++other)
    history.learn_input(TenantId{{9, other}}, model, 1, 2);
  EXPECT_EQ(history.corrected_input(tenant, model, 10), 20);  // and so it is used
  history.learn_input(TenantId{{10, 0}}, model, 1, 2);
  EXPECT_EQ(history.corrected_input(tenant, model, 10), 20);
  EXPECT_EQ(history.corrected_input(TenantId{{9, 0}}, model, 10), 10);
}

}  // namespace
}  // namespace obleth::accounting
