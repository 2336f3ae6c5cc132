#include "domain/calendar.hpp"

#include <date/tz.h>

#include "domain/time_zone.hpp"

namespace obleth {
namespace {

using Milliseconds = std::chrono::milliseconds;
using Moment = date::sys_time<Milliseconds>;

// Null stands for UTC, which needs no time zone database.
class Zone {
 public:
  explicit Zone(const date::time_zone* zone) : zone_(zone) {}

  [[nodiscard]] date::local_days date_of(Moment at) const {
    if (zone_ == nullptr) return date::local_days(date::floor<date::days>(at).time_since_epoch());
    return date::floor<date::days>(zone_->to_local(at));
  }

  // The first moment of that date.
  [[nodiscard]] WallTime begin_of(date::local_days day) const {
    if (zone_ == nullptr) return {Milliseconds(day.time_since_epoch()).count()};
    const date::local_time<Milliseconds> midnight(day);
    const Moment earliest = zone_->to_sys(midnight, date::choose::earliest);
    // Where clocks go back from midnight, the first midnight is never shown: it is 23:00 again.
    const Moment begin = date_of(earliest) < day ? zone_->to_sys(midnight, date::choose::latest) : earliest;
    return {begin.time_since_epoch().count()};
  }

 private:
  const date::time_zone* zone_;
};

std::optional<Zone> find_zone(const std::string& name) {
  if (is_utc(name)) return Zone(nullptr);
  const date::time_zone* const zone = find_time_zone(name);
  return zone != nullptr ? std::optional(Zone(zone)) : std::nullopt;
}

struct Dates {
  date::local_days first;
  date::local_days next;
};

Dates dates_around(CalendarUnit unit, date::local_days day) {
  switch (unit) {
    case CalendarUnit::day:
      return {day, day + date::days(1)};
    case CalendarUnit::week: {
      const date::local_days monday = day - (date::weekday(day) - date::Monday);
      return {monday, monday + date::weeks(1)};
    }
    case CalendarUnit::month:
      break;
  }
  const date::year_month_day date(day);
  const date::year_month month = date.year() / date.month();
  return {date::local_days(month / 1), date::local_days((month + date::months(1)) / 1)};
}

}  // namespace

std::optional<WallSpan> calendar_span(CalendarUnit unit, const std::string& timezone, WallTime at) {
  const std::optional<Zone> zone = find_zone(timezone);
  if (!zone) return std::nullopt;
  const Dates dates = dates_around(unit, zone->date_of(Moment(Milliseconds(at.unix_ms))));
  return WallSpan{zone->begin_of(dates.first), zone->begin_of(dates.next)};
}

}  // namespace obleth
