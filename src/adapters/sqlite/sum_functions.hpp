// What the roll-ups hold as functions of SQL, so that it is summed where it is stored.
//
//   merge_sums(a, b)                 both together, packed (rolled_up.hpp)
//   pack_sums(requests, …, durations)   of the columns that earlier versions had, in the order of sum_columns
//   sum_durations(a)                 an aggregate: the durations of all rows together
//
// Thread: the connection's.
#pragma once

#include "adapters/sqlite/connection.hpp"

namespace obleth::adapters {

void define_sum_functions(SqliteConnection& connection);

}  // namespace obleth::adapters
