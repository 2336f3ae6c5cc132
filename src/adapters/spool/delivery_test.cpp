#include "adapters/spool/delivery.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <thread>

#include "adapters/spool/crc32c.hpp"
#include "adapters/spool/spool_fixture_test.hpp"

namespace obleth::adapters {
namespace {

// A process that wrote rows and was killed: its files stay as they are.
void leave_rows(const SpoolPlace& place, std::uint64_t first, std::uint64_t last, std::int64_t at = january) {
  SpoolHouse house(place);
  house.keep_all(first, last, at);
}

Task<void> keep_row(SpoolWriter& writer, UsageRecord row) {
  co_await writer.keep(row);
}

TEST(Delivery, BringsEveryRowOnceAndDeletesItsSegment) {
  const SpoolPlace place;
  RecordingSink sink;
  SpoolHouse house(place);
  house.deliver_to(sink);
  house.keep_all(1, 500);
  EXPECT_TRUE(house.drain());
  EXPECT_EQ(rows_in(sink, 1, 500), 500U);
  EXPECT_TRUE(none_twice(sink));
  EXPECT_EQ(house.rows_by("delivered"), "500");
  EXPECT_EQ(house.spool->tally.waiting_bytes(), 0U);
  house.writer.reset();
  house.delivery.reset();
  EXPECT_TRUE(place.files("").empty());
  EXPECT_EQ(house.spool->tally.stored_bytes(), 0U);
}

TEST(Delivery, WithinASecondWithoutBeingAsked) {
  const SpoolPlace place;
  RecordingSink sink;
  SpoolHouse house(place);
  house.deliver_to(sink);
  house.turn();
  house.keep_all(1, 3);
  const Instant began = house.loop.refresh_now();
  while (sink.rows.size() < 3 && house.loop.now() < began + std::chrono::seconds(10))
    house.loop.turn(std::chrono::milliseconds(50));
  EXPECT_EQ(sink.rows.size(), 3U);
  EXPECT_LT(house.loop.now() - began, std::chrono::seconds(3));
}

// A writer of a thread of its own, as each of the gateway's loops is: a row about each millisecond, until stopped.
std::uint64_t write_without_rest(Spool& spool, const std::stop_token& stop) {
  EpollLoop loop;
  ports::Loop::set_current(&loop);
  SpoolWriter writer(loop, spool);
  std::uint64_t written = 0;
  for (Instant due = loop.refresh_now(); !stop.stop_requested(); due = due + std::chrono::milliseconds(1)) {
    while (loop.now() < due)
      loop.turn(due - loop.now());
    spawn(keep_row(writer, row_numbered(++written)));
  }
  loop.turn(Duration::zero());
  return written;
}

// What is written while a range is cut is no reason to cut the next one: a transaction for a few rows, again and again.
TEST(Delivery, OfRowsThatKeepComingIsOneBatchASecond) {
  const SpoolPlace place;
  RecordingSink sink;
  SpoolHouse house(place);
  house.deliver_to(sink);
  std::uint64_t written = 0;
  {
    const std::jthread writing([&](const std::stop_token& stop) { written = write_without_rest(*house.spool, stop); });
    const Instant began = house.loop.refresh_now();
    while (house.loop.now() < began + 3 * Delivery::batch_every)
      house.loop.turn(std::chrono::milliseconds(20));
  }
  EXPECT_LE(sink.calls, 4);
  EXPECT_TRUE(house.drain());
  EXPECT_EQ(rows_in(sink, 1, written), written);
  EXPECT_TRUE(none_twice(sink));
}

TEST(Delivery, ABatchHasAtMostTenThousandRowsOfOneMonth) {
  const SpoolPlace place;
  leave_rows(place, 1, 12'000);
  leave_rows(place, 12'001, 12'005, february);
  RecordingSink sink;
  SpoolHouse house(place);
  house.keep_all(20'001, 20'003);
  house.keep_all(20'004, 20'006, february);
  house.keep_all(20'007, 20'008);
  house.deliver_to(sink);
  EXPECT_TRUE(house.drain());
  EXPECT_EQ(sink.rows.size(), 12'013U);
  EXPECT_EQ(sink.largest_batch, 10'000U);
  std::map<std::uint64_t, int> months_of_range;
  for (const auto& [range, month] : sink.months)
    ++months_of_range[range];
  for (const auto& [range, months] : months_of_range)
    EXPECT_EQ(months, 1);
}

// So that a disk that fills up does not keep what is on it: there is room for every range.
TEST(Delivery, OfFewRowsAtATimeNeedsNoMoreRangesThanASegmentHasRoomFor) {
  const SpoolPlace place;
  RecordingSink sink;
  SpoolHouse house(place);
  house.deliver_to(sink);
  constexpr std::uint64_t rows = RangeFile::slots_reserved + 20;
  for (std::uint64_t row = 1; row <= rows; ++row) {
    house.keep_all(row, row);
    ASSERT_TRUE(house.drain());
    for (const auto& ranges : place.files(".rng"))
      ASSERT_EQ(std::filesystem::file_size(ranges), RangeFile::bytes_reserved);
  }
  EXPECT_EQ(sink.batches.size(), rows);
  EXPECT_TRUE(none_twice(sink));
}

TEST(Delivery, RowsOfAFormerProcessAreReplayed) {
  const SpoolPlace place;
  leave_rows(place, 1, 100);
  leave_rows(place, 101, 200);
  RecordingSink sink;
  SpoolHouse house(place);
  house.deliver_to(sink);
  EXPECT_TRUE(house.drain());
  EXPECT_EQ(rows_in(sink, 1, 200), 200U);
  EXPECT_TRUE(none_twice(sink));
  EXPECT_TRUE(place.files(".seg").empty());
}

// The sink committed and the process was killed before it heard so: the same range comes again.
TEST(Delivery, ARangeIsSentAgainAsItWasFixed) {
  const SpoolPlace place;
  RecordingSink sink;
  {
    SpoolHouse house(place);
    house.deliver_to(sink);
    sink.lose_answer_once = true;
    house.keep_all(1, 50);
    EXPECT_FALSE(house.drain());
    house.keep_all(51, 80);  // would make another range, if the first were not fixed
  }
  EXPECT_EQ(sink.rows.size(), 50U);
  SpoolHouse house(place);
  house.deliver_to(sink);
  EXPECT_TRUE(house.drain());
  EXPECT_EQ(rows_in(sink, 1, 80), 80U);
  EXPECT_TRUE(none_twice(sink));
}

TEST(Delivery, ASinkThatFaultsBlocksNobodyAndIsAskedAgain) {
  const SpoolPlace place;
  RecordingSink sink;
  sink.fault = store_fault(FaultKind::unavailable, "down");
  SpoolHouse house(place);
  house.deliver_to(sink);
  house.keep_all(1, 1000);
  EXPECT_EQ(house.kept, 1000U);
  EXPECT_FALSE(house.drain(std::chrono::seconds(5)));
  EXPECT_GT(house.spool->tally.waiting_bytes(), 0U);
  sink.fault.reset();
  EXPECT_TRUE(house.drain());
  EXPECT_EQ(rows_in(sink, 1, 1000), 1000U);
  EXPECT_TRUE(none_twice(sink));
}

TEST(Delivery, WhatTheSinkWillNeverTakeIsPutAsideAndBlocksNothing) {
  const SpoolPlace place;
  RecordingSink sink;
  sink.fault = Fault{.kind = FaultKind::invalid, .source = FaultSource::store, .message = "no such month"};
  SpoolHouse house(place);
  house.deliver_to(sink);
  house.keep_all(1, 20);
  EXPECT_TRUE(house.drain());
  sink.fault.reset();
  house.keep_all(21, 30);
  EXPECT_TRUE(house.drain());
  EXPECT_EQ(rows_in(sink, 1, 30), 10U);
  EXPECT_EQ(house.rows_by("quarantined"), "20");
  std::uintmax_t kept_bytes = 0;
  for (const auto& file : place.files("")) {
    if (file.parent_path().filename() == "quarantine") kept_bytes += std::filesystem::file_size(file);
  }
  EXPECT_GT(kept_bytes, 20U * record_head_bytes);
}

TEST(Delivery, DamageIsPassedOverCountedAndKept) {
  const SpoolPlace place;
  leave_rows(place, 1, 100);
  const auto segment = place.files(".seg").at(0);
  std::string bytes = SpoolPlace::bytes_of(segment);
  const std::size_t record_bytes = (bytes.size() - segment_head_bytes) / 100;
  bytes[segment_head_bytes + 10 * record_bytes + 30] ^= 0x40;  // in the middle of a row
  SpoolPlace::write(segment, bytes);
  RecordingSink sink;
  SpoolHouse house(place);
  house.deliver_to(sink);
  EXPECT_TRUE(house.drain());
  EXPECT_EQ(rows_in(sink, 1, 100), 99U);
  EXPECT_EQ(house.rows_by("quarantined"), "1");
  EXPECT_EQ(house.rows_by("delivered"), "99");
  EXPECT_TRUE(place.files(".seg").empty());
  std::vector<std::filesystem::path> kept;
  for (const auto& file : place.files("")) {
    if (file.parent_path().filename() == "quarantine") kept.push_back(file);
  }
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_NE(bytes.find(SpoolPlace::bytes_of(kept[0])), std::string::npos);
}

TEST(Delivery, ADamagedSegmentHeadCostsNoRow) {
  const SpoolPlace place;
  leave_rows(place, 1, 10);
  const auto segment = place.files(".seg").at(0);
  std::string bytes = SpoolPlace::bytes_of(segment);
  bytes.replace(0, segment_head_bytes, std::string(segment_head_bytes, 'z'));
  SpoolPlace::write(segment, bytes);
  RecordingSink sink;
  SpoolHouse house(place);
  house.deliver_to(sink);
  EXPECT_TRUE(house.drain());
  EXPECT_EQ(rows_in(sink, 1, 10), 10U);
}

TEST(Delivery, ATornTailIsCutAndIsNoDamage) {
  const SpoolPlace place;
  leave_rows(place, 1, 10);
  const auto segment = place.files(".seg").at(0);
  const auto size = std::filesystem::file_size(segment);
  for (const std::uintmax_t cut : {1U, 20U, 50U}) {
    std::filesystem::resize_file(segment, size - cut);
    RecordingSink sink;
    sink.fault = store_fault(FaultKind::unavailable, "down");  // the segment stays
    SpoolHouse house(place);
    house.deliver_to(sink);
    EXPECT_FALSE(house.drain(std::chrono::seconds(5)));
    EXPECT_EQ(house.rows_by("quarantined"), "0");
  }
  RecordingSink sink;
  SpoolHouse house(place);
  house.deliver_to(sink);
  EXPECT_TRUE(house.drain());
  EXPECT_EQ(rows_in(sink, 1, 10), 9U);
  EXPECT_EQ(house.rows_by("quarantined"), "0");
}

TEST(Delivery, ASegmentOfALaterVersionIsLeftForIt) {
  const SpoolPlace place;
  leave_rows(place, 1, 10);
  const auto segment = place.files(".seg").at(0);
  std::string bytes = SpoolPlace::bytes_of(segment);
  auto head = segment_head(*bits128_from_text(segment.stem().string()));
  head[8] = 2;
  const std::uint32_t crc = crc32c(0, {head.data(), 60});
  std::memcpy(head.data() + 60, &crc, sizeof crc);
  bytes.replace(0, head.size(), head.data(), head.size());
  SpoolPlace::write(segment, bytes);
  RecordingSink sink;
  {
    SpoolHouse house(place);
    house.deliver_to(sink);
    EXPECT_TRUE(house.drain());
  }
  EXPECT_TRUE(sink.rows.empty());
  EXPECT_EQ(SpoolPlace::bytes_of(segment), bytes);
}

TEST(Delivery, AFullSpoolDropsTheOldestWhereThatIsThePolicy) {
  const SpoolPlace place;
  RecordingSink sink;
  sink.fault = store_fault(FaultKind::unavailable, "down");
  SpoolHouse house(place, {.bytes_max = 1 << 20, .when_full = WhenFull::drop_old});
  house.deliver_to(sink);
  constexpr std::uint64_t rows = 12'000;
  for (std::uint64_t first = 1; first <= rows; first += 200) {
    house.keep_all(first, first + 199);
    house.loop.turn(std::chrono::milliseconds(30));  // the delivery is called, and makes room
  }
  EXPECT_LE(house.spool->tally.stored_bytes(), 1U << 20);
  const std::uint64_t dropped = house.spool->tally.dropped(DropReason::spool_full);
  EXPECT_GT(dropped, rows / 4);
  sink.fault.reset();
  EXPECT_TRUE(house.drain());
  EXPECT_EQ(sink.rows.size() + dropped, rows);
  EXPECT_EQ(rows_in(sink, rows - 500, rows), 501U) << "the newest are there";
  EXPECT_EQ(rows_in(sink, 1, 100), 0U);
}

TEST(Delivery, TheAgeOfTheOldestRowIsTold) {
  const SpoolPlace place;
  leave_rows(place, 1, 5, WallTime{1'000}.unix_ms);
  RecordingSink sink;
  sink.fault = store_fault(FaultKind::unavailable, "down");
  SpoolHouse house(place);
  house.deliver_to(sink);
  EXPECT_FALSE(house.drain(std::chrono::seconds(5)));
  EXPECT_GT(house.spool->tally.oldest(), std::chrono::hours(24 * 365));
  sink.fault.reset();
  EXPECT_TRUE(house.drain());
  EXPECT_EQ(house.spool->tally.waiting_bytes(), 0U);
  EXPECT_EQ(house.spool->tally.oldest(), Duration::zero()) << "told at once, not at the next measuring";
}

// Crashes at random points of writing and delivering, with answers lost: every row is in the ledger once.
TEST(Delivery, RowsSurviveAnySequenceOfCrashesExactlyOnce) {
  std::mt19937_64 random(17);
  const SpoolPlace place;
  RecordingSink sink;
  std::uint64_t next = 1;
  for (int life = 0; life < 30; ++life) {
    SpoolHouse house(place, {.bytes_max = 64 << 20});
    house.deliver_to(sink);
    for (std::uint64_t step = 0; step < random() % 12; ++step) {
      const std::uint64_t last = next + random() % 60;
      house.keep_all(next, last, random() % 5 == 0 ? february : january);
      next = last + 1;
      sink.lose_answer_once = random() % 4 == 0;
      if (random() % 3 == 0) static_cast<void>(house.drain(std::chrono::milliseconds(50)));
      house.turn();
    }
    sink.lose_answer_once = false;
  }
  SpoolHouse house(place);
  house.deliver_to(sink);
  EXPECT_TRUE(house.drain());
  EXPECT_EQ(rows_in(sink, 1, next - 1), next - 1);
  EXPECT_TRUE(none_twice(sink));
}

}  // namespace
}  // namespace obleth::adapters
