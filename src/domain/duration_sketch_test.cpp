#include "domain/duration_sketch.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace obleth {
namespace {

TEST(DurationSketch, QuantilesAreWithinASixteenthOfTheTruth) {
  std::mt19937_64 random(5);
  for (const std::int64_t below : {10LL, 1000LL, 90'000LL, 3'000'000'000LL}) {
    DurationSketch sketch;
    std::vector<std::int64_t> all;
    for (int count = 0; count < 5000; ++count) {
      all.push_back(static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(below)));
      sketch.add(DurationKind::ttft, all.back());
    }
    std::ranges::sort(all);
    for (const std::int64_t permille : {1LL, 500LL, 950LL, 990LL, 1000LL}) {
      const auto rank = static_cast<std::size_t>(std::max<std::int64_t>(1, 5000 * permille / 1000));
      const std::int64_t truth = all.at(rank - 1);
      const auto told = sketch.quantile_ms(DurationKind::ttft, permille);
      ASSERT_TRUE(told);
      EXPECT_LE(std::abs(*told - truth) * 16, truth) << below << " " << permille;
    }
  }
}

TEST(DurationSketch, KindsDoNotMix) {
  DurationSketch sketch;
  sketch.add(DurationKind::total, 100);
  sketch.add(DurationKind::queue, 3);
  EXPECT_EQ(sketch.quantile_ms(DurationKind::queue, 500), 3);
  EXPECT_FALSE(sketch.quantile_ms(DurationKind::ttft, 500));
}

TEST(DurationSketch, EncodedSketchesAddUpLikeTheirDurations) {
  std::mt19937_64 random(9);
  DurationSketch whole;
  DurationSketch joined;
  for (int part = 0; part < 20; ++part) {
    DurationSketch some;
    for (int count = 0; count < 200; ++count) {
      const auto kind = static_cast<DurationKind>(random() % 3);
      const auto ms = static_cast<std::int64_t>(random() % 100'000);
      some.add(kind, ms);
      whole.add(kind, ms);
    }
    ASSERT_TRUE(joined.add_encoded(some.encoded()));
  }
  EXPECT_EQ(joined.encoded(), whole.encoded());
}

TEST(DurationSketch, OddTimesAreTakenAsTheNearestItKnows) {
  DurationSketch sketch;
  sketch.add(DurationKind::total, -5);
  EXPECT_EQ(sketch.quantile_ms(DurationKind::total, 500), 0);
  DurationSketch long_ago;
  long_ago.add(DurationKind::total, std::numeric_limits<std::int64_t>::max());
  EXPECT_GT(long_ago.quantile_ms(DurationKind::total, 500).value_or(0), 4'000'000'000);
}

TEST(DurationSketch, BytesThatAreNoSketchAreRefused) {
  const std::vector<std::vector<std::uint8_t>> broken{
      {0x05},
      {0xFF},
      {0x80, 0x80},
      {0xFF, 0xFF, 0x7F, 0x01},
      {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01}};
  for (const auto& bytes : broken) {
    DurationSketch sketch;
    EXPECT_FALSE(sketch.add_encoded(bytes));
  }
}

}  // namespace
}  // namespace obleth
