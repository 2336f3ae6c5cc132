// When a tenant may use the gateway: a span of dates and weekly windows in the tenant's own time zone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/instant.hpp"

namespace obleth {

struct WeeklyWindow {
  std::uint8_t day = 0;            // 0 = Monday: the day on which the window starts
  std::uint16_t start_minute = 0;  // of the local day, 0 .. 1439
  std::uint16_t end_minute = 0;    // at or before start: the window crosses midnight
  bool operator==(const WeeklyWindow&) const = default;
};

struct AccessSchedule {
  std::string timezone = "UTC";  // IANA name
  std::optional<WallTime> active_from;
  std::optional<WallTime> active_until;
  std::vector<WeeklyWindow> weekly_windows;  // empty = always

  bool operator==(const AccessSchedule&) const = default;
  [[nodiscard]] bool always_open() const { return !active_from && !active_until && weekly_windows.empty(); }
};

// Wall-clock in the tenant's zone, daylight saving included. An unknown zone is closed.
[[nodiscard]] bool is_open(const AccessSchedule& schedule, WallTime at);
[[nodiscard]] bool is_known_timezone(const std::string& name);

}  // namespace obleth
