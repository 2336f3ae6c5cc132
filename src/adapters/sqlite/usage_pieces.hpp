// A span of time cut into pieces that the roll-ups can answer whole, and what only rows can. Pure.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "ports/usage_ledger.hpp"

namespace obleth::adapters {

enum class UsageLevel : std::uint8_t { rows, minutes, hours, days };

struct UsagePiece {
  UsageLevel level = UsageLevel::rows;
  std::int64_t begin_ms = 0;
  std::int64_t end_ms = 0;
  bool operator==(const UsagePiece&) const = default;
};

struct UsageCut {
  UsageLevel coarsest = UsageLevel::days;
  std::int64_t minutes_since_ms = 0;  // older minutes are not kept; at a whole minute
  std::int64_t hours_until_ms = std::numeric_limits<std::int64_t>::max();  // younger hours are not summed yet
  std::int64_t days_until_ms = std::numeric_limits<std::int64_t>::max();
};

// In order, without gaps or overlaps. Times are within 0 and usage_ms_max + 1.
[[nodiscard]] std::vector<UsagePiece> pieces_of(WallSpan span, const UsageCut& cut);

}  // namespace obleth::adapters
