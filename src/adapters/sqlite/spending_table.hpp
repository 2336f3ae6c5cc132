// What tenants and keys have spent, in quarters of an hour and in days (UTC) that are closed; of younger ones the sums
// by minute and by quarter tell.
//
// Exact for any span whose rows are kept; beyond them, whole days. Thread: the connection's.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/roll_up_tables.hpp"
#include "ports/spending_book.hpp"

namespace obleth::adapters {

enum class SpendingUnit : std::uint8_t { quarter, day };

// To what tenants and keys have spent in each quarter of an hour or each day: what these sums by minute, or by hour for
// days, say of them. Inside a write transaction.
void add_spending(SqliteConnection& connection, SpendingUnit unit, const CellSums& sums);

// Inside a read transaction, so that all of it is of one moment.
[[nodiscard]] ports::Spending spent_in(SqliteConnection& connection, const ports::SpendingAccount& account,
                                       WallSpan span);
// What the open hours are asked with, for the tests of its plan.
[[nodiscard]] std::vector<std::string_view> spending_statements();

}  // namespace obleth::adapters
