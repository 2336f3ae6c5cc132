// Duration sketches as functions of SQL, so that they are summed where everything else is.
//
//   merge_durations(a, b)   both together
//   sum_durations(a)        an aggregate: all rows together
//
// Thread: the connection's.
#pragma once

#include "adapters/sqlite/connection.hpp"

namespace obleth::adapters {

void define_duration_functions(SqliteConnection& connection);

}  // namespace obleth::adapters
