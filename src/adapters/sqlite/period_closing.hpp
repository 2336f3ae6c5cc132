// Makes the sums of hours that are over from their minutes, and those of days from their hours.
//
// Each delivery adds to minutes alone: with many tenants nearly every sum that a row is added to is cold, and an hour's
// is then written once instead of with each row. Thread: the writing connection's, inside a write transaction.
#pragma once

#include <cstdint>
#include <string>

#include "adapters/sqlite/closed_periods.hpp"
#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/roll_up_tables.hpp"
#include "base/instant.hpp"

namespace obleth::adapters {

// Rows that come so much after the end of their hour are not waited for.
inline constexpr std::int64_t closing_delay_ms = 300'000;

// One step; false: nothing is left that is over. latest: what time it is, or the end of the youngest row.
[[nodiscard]] bool close_some(SqliteConnection& connection, WallTime latest, ClosingStep step = {});

// What finer sums say, into all that is kept of tenants and keys, or of models and groups, by hour or by day.
void add_to_tenants(SqliteConnection& connection, ports::UsageBucket level, const CellSums& finer);
void add_to_models(SqliteConnection& connection, ports::UsageBucket level, const CellSums& finer);

// What the sums of some tenants are read with, for the tests of its plan. Values: the numbers of the tenants, after the
// first and up to the second, and the span's begin and end.
[[nodiscard]] std::string closing_statement(ports::UsageBucket finer);

}  // namespace obleth::adapters
