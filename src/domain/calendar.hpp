// Days, weeks and months of a time zone as spans of Unix time. Daylight saving included. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/instant.hpp"

namespace obleth {

enum class CalendarUnit : std::uint8_t { day, week, month };  // weeks begin on Monday

struct WallSpan {
  WallTime begin;
  WallTime end;  // the next one's begin
  bool operator==(const WallSpan&) const = default;
  [[nodiscard]] bool contains(WallTime at) const { return begin <= at && at < end; }
};

// The one that holds the moment. A local day begins where its date does: at the first moment that exists, where clocks
// skip midnight. timezone: an IANA name; nullopt when it is unknown ("UTC" always is known).
[[nodiscard]] std::optional<WallSpan> calendar_span(CalendarUnit unit, const std::string& timezone, WallTime at);

}  // namespace obleth
