// Old rows leave the ledger by and by, so that deliveries never wait long. Thread: the writing connection's.
#pragma once

#include <cstdint>
#include <string>

#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/usage_cells.hpp"
#include "base/instant.hpp"

namespace obleth::adapters {

inline constexpr std::int64_t minutes_kept_ms = 48LL * 3'600'000;  // of the roll-up by minute

// Deliveries close what is over; where none come, what is so old is closed. Rows may have waited as long in the spool.
inline constexpr std::int64_t open_without_rows_ms = 24LL * 3'600'000;
static_assert(open_without_rows_ms + 2 * 3'600'000 < minutes_kept_ms);

// Whole months (UTC) are kept: the beginning of the month in which the oldest day to be kept lies.
[[nodiscard]] WallTime retention_start(WallTime now, std::int64_t retention_days);

// One step of removing what is older, and of closing it before that; false: nothing is left to do. What budgets are
// asked about stays, by days.
[[nodiscard]] bool forget_some(SqliteConnection& connection, WallTime kept_since, WallTime now);

// Removes some of the sums that begin before the first value, at most as many as the second.
[[nodiscard]] std::string forgetting(RollUpBy by, ports::UsageBucket level);

}  // namespace obleth::adapters
