#include "adapters/sqlite/usage_pieces.hpp"

#include <gtest/gtest.h>

#include <random>

namespace obleth::adapters {
namespace {

constexpr std::int64_t minute = 60'000;
constexpr std::int64_t hour = 60 * minute;
constexpr std::int64_t day = 24 * hour;

TEST(UsagePieces, TakeTheCoarsestThatFits) {
  const auto pieces = pieces_of({{day - hour - minute - 1}, {3 * day + 5}}, {});
  const std::vector<UsagePiece> expected{
      {UsageLevel::rows, day - hour - minute - 1, day - hour - minute},
      {UsageLevel::minutes, day - hour - minute, day - hour},
      {UsageLevel::hours, day - hour, day},
      {UsageLevel::days, day, 3 * day},
      {UsageLevel::rows, 3 * day, 3 * day + 5},
  };
  EXPECT_EQ(pieces, expected);
}

TEST(UsagePieces, ForgottenMinutesAreReadFromRows) {
  const auto pieces = pieces_of({{minute}, {hour + minute}}, {.minutes_since_ms = hour});
  const std::vector<UsagePiece> expected{{UsageLevel::rows, minute, hour}, {UsageLevel::minutes, hour, hour + minute}};
  EXPECT_EQ(pieces, expected);
}

TEST(UsagePieces, WhatIsNotSummedYetIsReadFromFinerSums) {
  const auto pieces = pieces_of({{0}, {2 * day}}, {.hours_until_ms = day + 2 * hour, .days_until_ms = day});
  const std::vector<UsagePiece> expected{{UsageLevel::days, 0, day},
                                         {UsageLevel::hours, day, day + 2 * hour},
                                         {UsageLevel::minutes, day + 2 * hour, 2 * day}};
  EXPECT_EQ(pieces, expected);
}

TEST(UsagePieces, CoverEverySpanWithoutGapOrOverlap) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 2000; ++round) {
    const auto begin = static_cast<std::int64_t>(random() % (5 * day));
    const auto end = begin + static_cast<std::int64_t>(random() % (round % 2 == 0 ? 2 * hour : 4 * day));
    const UsageCut cut{.coarsest = static_cast<UsageLevel>(random() % 4),
                       .minutes_since_ms = static_cast<std::int64_t>(random() % (5 * 24)) * hour,
                       .hours_until_ms = static_cast<std::int64_t>(random() % (9 * 24)) * hour,
                       .days_until_ms = static_cast<std::int64_t>(random() % 9) * day};
    std::int64_t at = begin;
    for (const UsagePiece& piece : pieces_of({{begin}, {end}}, cut)) {
      EXPECT_EQ(piece.begin_ms, at);
      EXPECT_LT(piece.begin_ms, piece.end_ms);
      EXPECT_LE(piece.level, cut.coarsest);
      if (piece.level == UsageLevel::minutes) EXPECT_GE(piece.begin_ms, cut.minutes_since_ms);
      if (piece.level == UsageLevel::hours) EXPECT_LE(piece.end_ms, cut.hours_until_ms);
      if (piece.level == UsageLevel::days) EXPECT_LE(piece.end_ms, cut.days_until_ms);
      at = piece.end_ms;
    }
    EXPECT_EQ(at, std::max(begin, end));
  }
}

TEST(UsagePieces, EmptySpanHasNone) {
  EXPECT_TRUE(pieces_of({{5}, {5}}, {}).empty());
  EXPECT_TRUE(pieces_of({{6}, {5}}, {}).empty());
}

}  // namespace
}  // namespace obleth::adapters
