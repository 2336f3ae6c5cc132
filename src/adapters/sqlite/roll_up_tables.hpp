// Sums on their way into the tables of the roll-ups. Thread: the connection's.
#pragma once

#include <cstdint>
#include <map>
#include <span>

#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/rolled_up.hpp"
#include "adapters/sqlite/usage_cells.hpp"

namespace obleth::adapters {

using CellSums = std::map<RollUpCell, RolledUp>;

// The cell of a coarser table that this one belongs to.
[[nodiscard]] RollUpCell wider(const RollUpCell& cell, RollUpBy by, ports::UsageBucket level);
// The sums of a coarser table, from those of a finer one.
[[nodiscard]] CellSums coarser(const CellSums& finer, RollUpBy by, ports::UsageBucket level);
// To those that are there; inside a write transaction.
void add_to_table(SqliteConnection& connection, RollUpBy by, ports::UsageBucket level, const CellSums& sums);
// Throws StoreFailure for bytes that are no sums.
void add_stored(RolledUp& sum, std::span<const std::uint8_t> bytes, Durations durations = Durations::added);

}  // namespace obleth::adapters
