#include "domain/duration_sketch.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace obleth {
namespace {

std::optional<std::int64_t> median_ms(const DurationSketch& sketch, DurationKind kind) {
  return sketch.quantiles_ms<1>(kind, {500})[0];
}

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
    const std::array<std::int64_t, 5> parts{1, 500, 950, 990, 1000};
    const auto told = sketch.quantiles_ms(DurationKind::ttft, parts);
    for (std::size_t part = 0; part < parts.size(); ++part) {
      const auto rank = static_cast<std::size_t>(std::max<std::int64_t>(1, 5000 * parts[part] / 1000));
      const std::int64_t truth = all.at(rank - 1);
      ASSERT_TRUE(told[part]);
      EXPECT_LE(std::abs(*told[part] - truth) * 16, truth) << below << " " << parts[part];
    }
  }
}

TEST(DurationSketch, KindsDoNotMix) {
  DurationSketch sketch;
  sketch.add(DurationKind::total, 100);
  sketch.add(DurationKind::queue, 3);
  EXPECT_EQ(median_ms(sketch, DurationKind::queue), 3);
  EXPECT_FALSE(median_ms(sketch, DurationKind::ttft));
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
  EXPECT_EQ(median_ms(sketch, DurationKind::total), 0);
  DurationSketch long_ago;
  long_ago.add(DurationKind::total, std::numeric_limits<std::int64_t>::max());
  EXPECT_GT(median_ms(long_ago, DurationKind::total).value_or(0), 4'000'000'000);
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
