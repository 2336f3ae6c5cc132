// What SQL asks of a ledger's rows.
//
//   event_spot(place, event_id)   where an event stands in the index of events: usage_schema.hpp
//   pack_rest(…)                  the columns of earlier versions as one, in the order of usage_rest.hpp
//
// Thread: the connection's.
#pragma once

#include "adapters/sqlite/connection.hpp"

namespace obleth::adapters {

void define_usage_functions(SqliteConnection& connection);

}  // namespace obleth::adapters
