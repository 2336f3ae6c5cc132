#include "domain/calendar.hpp"

#include <date/date.h>
#include <gtest/gtest.h>

#include <sstream>

namespace obleth {
namespace {

// "2026-03-29 01:30" in UTC.
WallTime utc(const std::string& text) {
  std::istringstream stream(text);
  date::sys_time<std::chrono::milliseconds> moment;
  stream >> date::parse("%F %R", moment);
  EXPECT_FALSE(stream.fail()) << text;
  return {moment.time_since_epoch().count()};
}

WallSpan span(CalendarUnit unit, const std::string& zone, const std::string& at) {
  const auto found = calendar_span(unit, zone, utc(at));
  EXPECT_TRUE(found) << zone;
  return found.value_or(WallSpan{});
}

WallSpan between(const std::string& begin, const std::string& end) {
  return {utc(begin), utc(end)};
}

TEST(Calendar, UnitsInUtc) {
  EXPECT_EQ(span(CalendarUnit::day, "UTC", "2026-11-22 00:31"), between("2026-11-22 00:00", "2026-11-23 00:00"));
  EXPECT_EQ(span(CalendarUnit::week, "UTC", "2026-11-22 23:59"), between("2026-11-16 00:00", "2026-11-23 00:00"));
  EXPECT_EQ(span(CalendarUnit::week, "UTC", "2026-11-23 00:00"), between("2026-11-23 00:00", "2026-11-30 00:00"));
  EXPECT_EQ(span(CalendarUnit::month, "UTC", "2026-12-31 23:59"), between("2026-12-01 00:00", "2027-01-01 00:00"));
  EXPECT_EQ(span(CalendarUnit::month, "UTC", "2028-02-29 12:00"), between("2028-02-01 00:00", "2028-03-01 00:00"));
  EXPECT_EQ(span(CalendarUnit::day, "UTC", "1969-12-31 12:00"), between("1969-12-31 00:00", "1970-01-01 00:00"));
}

TEST(Calendar, DaysBeginAtLocalMidnight) {
  EXPECT_EQ(span(CalendarUnit::day, "Asia/Tokyo", "2026-11-22 15:00"), between("2026-11-22 15:00", "2026-11-23 15:00"));
  EXPECT_EQ(span(CalendarUnit::month, "America/New_York", "2026-12-01 04:59"),
            between("2026-11-01 04:00", "2026-12-01 05:00"));
}

TEST(Calendar, TheDayOfTheSpringChangeIsAnHourShorter) {
  EXPECT_EQ(span(CalendarUnit::day, "Europe/Berlin", "2026-03-29 12:00"),
            between("2026-03-28 23:00", "2026-03-29 22:00"));
}

TEST(Calendar, TheDayOfTheAutumnChangeIsAnHourLonger) {
  EXPECT_EQ(span(CalendarUnit::day, "Europe/Berlin", "2026-10-25 12:00"),
            between("2026-10-24 22:00", "2026-10-25 23:00"));
}

TEST(Calendar, ADayWhoseMidnightIsSkippedBeginsWithItsFirstMoment) {
  // Beirut goes from 00:00 to 01:00 on the last Sunday of March.
  EXPECT_EQ(span(CalendarUnit::day, "Asia/Beirut", "2026-03-29 10:00"),
            between("2026-03-28 22:00", "2026-03-29 21:00"));
}

// Every moment lies in its own span, and spans follow one another without gap or overlap.
TEST(Calendar, SpansTileTheYear) {
  for (const std::string zone : {"Europe/Berlin", "America/New_York", "America/Havana", "Asia/Beirut", "Asia/Gaza",
                                 "America/Asuncion", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Cairo", "UTC"}) {
    for (const CalendarUnit unit : {CalendarUnit::day, CalendarUnit::week, CalendarUnit::month}) {
      WallSpan last;
      constexpr std::int64_t half_hour_ms = 30 * 60 * 1000;
      const std::int64_t end = utc("2027-01-10 00:00").unix_ms;
      for (WallTime at = utc("2025-12-20 00:00"); at.unix_ms < end; at.unix_ms += half_hour_ms) {
        const auto found = calendar_span(unit, zone, at);
        ASSERT_TRUE(found);
        ASSERT_TRUE(found->contains(at)) << zone << " at " << at.unix_ms;
        if (last.end.unix_ms != 0 && *found != last) ASSERT_EQ(found->begin, last.end) << zone;
        last = *found;
      }
    }
  }
}

TEST(Calendar, AnUnknownZoneHasNoCalendar) {
  EXPECT_FALSE(calendar_span(CalendarUnit::day, "Mars/Olympus", WallTime{0}));
  EXPECT_FALSE(calendar_span(CalendarUnit::day, "", WallTime{0}));
}

}  // namespace
}  // namespace obleth
