#include "domain/access_schedule.hpp"

#include <date/tz.h>

#include <algorithm>

#include "domain/time_zone.hpp"

namespace obleth {
namespace {

constexpr int minutes_per_day = 24 * 60;
constexpr unsigned days_per_week = 7;

struct LocalMinute {
  unsigned weekday;  // 0 = Monday
  int minute;        // of the day
};

std::optional<LocalMinute> local_minute(const std::string& timezone, WallTime at) {
  const date::sys_time<std::chrono::milliseconds> moment{std::chrono::milliseconds(at.unix_ms)};
  date::local_time<std::chrono::milliseconds> local{moment.time_since_epoch()};
  if (!is_utc(timezone)) {
    const date::time_zone* zone = find_time_zone(timezone);
    if (zone == nullptr) return std::nullopt;
    local = zone->to_local(moment);
  }
  const auto day = date::floor<date::days>(local);
  const auto minute = date::floor<std::chrono::minutes>(local - day);
  return LocalMinute{date::weekday{day}.iso_encoding() - 1, static_cast<int>(minute.count())};
}

bool covers(const WeeklyWindow& window, LocalMinute now) {
  const bool crosses_midnight = window.end_minute <= window.start_minute;
  const int end = crosses_midnight ? minutes_per_day : window.end_minute;
  if (now.weekday == window.day && now.minute >= window.start_minute && now.minute < end) return true;
  return crosses_midnight && now.weekday == (window.day + 1) % days_per_week && now.minute < window.end_minute;
}

}  // namespace

bool is_open(const AccessSchedule& schedule, WallTime at) {
  if (schedule.active_from && at < *schedule.active_from) return false;
  if (schedule.active_until && at >= *schedule.active_until) return false;
  if (schedule.weekly_windows.empty()) return true;
  const auto now = local_minute(schedule.timezone, at);
  if (!now) return false;
  return std::ranges::any_of(schedule.weekly_windows,
                             [&now](const WeeklyWindow& window) { return covers(window, *now); });
}

bool is_known_timezone(const std::string& name) {
  constexpr std::string_view of_this_machine = "localtime";  // a file beside the zones, and another one elsewhere
  return is_utc(name) || (name != of_this_machine && find_time_zone(name) != nullptr);
}

}  // namespace obleth
