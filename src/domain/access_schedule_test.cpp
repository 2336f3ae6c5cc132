#include "domain/access_schedule.hpp"

#include <date/date.h>
#include <gtest/gtest.h>

namespace obleth {
namespace {

constexpr std::uint16_t at_minute(int hour, int minute = 0) {
  return static_cast<std::uint16_t>(hour * 60 + minute);
}

// A moment in UTC.
WallTime utc(int year, unsigned month, unsigned day, int hour, int minute = 0) {
  const date::sys_days midnight = date::year(year) / static_cast<int>(month) / static_cast<int>(day);
  const auto moment = midnight + std::chrono::hours(hour) + std::chrono::minutes(minute);
  return WallTime{std::chrono::duration_cast<std::chrono::milliseconds>(moment.time_since_epoch()).count()};
}

AccessSchedule weekly(std::string zone, WeeklyWindow window) {
  AccessSchedule schedule;
  schedule.timezone = std::move(zone);
  schedule.weekly_windows = {window};
  return schedule;
}

constexpr std::uint8_t monday = 0;
constexpr std::uint8_t sunday = 6;

TEST(AccessSchedule, EmptyIsAlwaysOpen) {
  EXPECT_TRUE(is_open(AccessSchedule{}, utc(2026, 3, 1, 0)));
}

TEST(AccessSchedule, OpensAtItsFirstMomentAndClosesAtItsLast) {
  AccessSchedule schedule;
  schedule.active_from = utc(2026, 3, 1, 0);
  schedule.active_until = utc(2026, 4, 1, 0);
  EXPECT_FALSE(is_open(schedule, WallTime{schedule.active_from->unix_ms - 1}));
  EXPECT_TRUE(is_open(schedule, *schedule.active_from));
  EXPECT_TRUE(is_open(schedule, WallTime{schedule.active_until->unix_ms - 1}));
  EXPECT_FALSE(is_open(schedule, *schedule.active_until));
}

TEST(AccessSchedule, WindowIsMeantInTheTenantsZone) {
  const AccessSchedule schedule = weekly("America/New_York", {monday, at_minute(9), at_minute(17)});
  EXPECT_FALSE(is_open(schedule, utc(2026, 1, 12, 13, 59)));  // Monday 08:59 there
  EXPECT_TRUE(is_open(schedule, utc(2026, 1, 12, 14)));
  EXPECT_TRUE(is_open(schedule, utc(2026, 1, 12, 21, 59)));
  EXPECT_FALSE(is_open(schedule, utc(2026, 1, 12, 22)));
  EXPECT_FALSE(is_open(schedule, utc(2026, 1, 13, 15)));  // Tuesday
}

TEST(AccessSchedule, WindowMayCrossMidnightIntoTheNextDay) {
  const AccessSchedule schedule = weekly("UTC", {sunday, at_minute(22), at_minute(6)});
  EXPECT_FALSE(is_open(schedule, utc(2026, 1, 11, 5)));  // Sunday before dawn: not Saturday's window
  EXPECT_TRUE(is_open(schedule, utc(2026, 1, 11, 22)));
  EXPECT_TRUE(is_open(schedule, utc(2026, 1, 12, 5, 59)));  // Monday
  EXPECT_FALSE(is_open(schedule, utc(2026, 1, 12, 6)));
}

TEST(AccessSchedule, WindowThatEndsWhereItStartsIsADayLong) {
  const AccessSchedule schedule = weekly("UTC", {monday, at_minute(8), at_minute(8)});
  EXPECT_TRUE(is_open(schedule, utc(2026, 1, 12, 8)));
  EXPECT_TRUE(is_open(schedule, utc(2026, 1, 13, 7, 59)));
  EXPECT_FALSE(is_open(schedule, utc(2026, 1, 13, 8)));
}

// Berlin, Sunday 2026-03-29: 02:00 becomes 03:00. Wall-clock 02:30 does not happen that day.
TEST(AccessSchedule, SpringDayHasNoMissingHour) {
  const AccessSchedule gap = weekly("Europe/Berlin", {sunday, at_minute(2), at_minute(3)});
  EXPECT_FALSE(is_open(gap, utc(2026, 3, 29, 0, 59)));  // 01:59
  EXPECT_FALSE(is_open(gap, utc(2026, 3, 29, 1, 0)));   // 03:00
  const AccessSchedule after = weekly("Europe/Berlin", {sunday, at_minute(3), at_minute(4)});
  EXPECT_TRUE(is_open(after, utc(2026, 3, 29, 1, 0)));
  EXPECT_TRUE(is_open(after, utc(2026, 3, 22, 2, 0)));  // the Sunday before, one hour later in UTC
}

// Berlin, Sunday 2026-10-25: 03:00 becomes 02:00 again. Wall-clock 02:30 happens twice, and both are inside.
TEST(AccessSchedule, AutumnDayHasItsHourTwice) {
  const AccessSchedule twice = weekly("Europe/Berlin", {sunday, at_minute(2), at_minute(3)});
  EXPECT_FALSE(is_open(twice, utc(2026, 10, 24, 23, 59)));
  EXPECT_TRUE(is_open(twice, utc(2026, 10, 25, 0, 30)));
  EXPECT_TRUE(is_open(twice, utc(2026, 10, 25, 1, 30)));
  EXPECT_FALSE(is_open(twice, utc(2026, 10, 25, 2, 0)));  // 03:00
}

TEST(AccessSchedule, OvernightWindowHoldsThroughBothChangesOfTheClock) {
  const AccessSchedule night = weekly("Europe/Berlin", {5, at_minute(22), at_minute(6)});  // Saturday
  EXPECT_TRUE(is_open(night, utc(2026, 3, 29, 3, 59)));                                    // 05:59 summer time
  EXPECT_FALSE(is_open(night, utc(2026, 3, 29, 4, 0)));                                    // 06:00
  EXPECT_TRUE(is_open(night, utc(2026, 10, 25, 4, 59)));                                   // 05:59 winter time
  EXPECT_FALSE(is_open(night, utc(2026, 10, 25, 5, 0)));
}

TEST(AccessSchedule, UnknownZoneIsClosed) {
  EXPECT_FALSE(is_open(weekly("Europe/Atlantis", {monday, 0, 0}), utc(2026, 1, 12, 8)));
  EXPECT_FALSE(is_known_timezone("Europe/Atlantis"));
  EXPECT_FALSE(is_known_timezone(""));
  EXPECT_FALSE(is_known_timezone("../../etc/passwd"));
  EXPECT_FALSE(is_known_timezone("localtime"));
}

TEST(AccessSchedule, ZonesAreTheIanaNames) {
  for (const char* name : {"UTC", "Etc/UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"})
    EXPECT_TRUE(is_known_timezone(name)) << name;
}

}  // namespace
}  // namespace obleth
