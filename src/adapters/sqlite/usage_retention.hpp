// Old rows leave the ledger by and by, so that deliveries never wait long. Thread: the writing connection's.
#pragma once

#include <cstdint>
#include <string>

#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/usage_cells.hpp"
#include "base/instant.hpp"

namespace obleth::adapters {

inline constexpr std::int64_t minutes_kept_ms = 48LL * 3'600'000;  // of the roll-up by minute

// Whole months (UTC) are kept: the beginning of the month in which the oldest day to be kept lies.
[[nodiscard]] WallTime retention_start(WallTime now, std::int64_t retention_days);

// One step of removing what is older; false: nothing is left to remove. What budgets are asked about stays, by days.
[[nodiscard]] bool forget_some(SqliteConnection& connection, WallTime kept_since, WallTime now);

// Removes some of the sums that begin before the first value, at most as many as the second.
[[nodiscard]] std::string forgetting(RollUpBy by, ports::UsageBucket level);

}  // namespace obleth::adapters
