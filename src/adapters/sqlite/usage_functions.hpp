// What the steps of the ledger's schema ask of a row.
//
//   event_spot(place, event_id)             where an event stood in the index of the third step: usage_schema.hpp
//   pack_rest(…)                            the columns of earlier versions as one, in the order of usage_rest.hpp
//   pack_row(tenant, key, kind, event_id, rest)  the head before what pack_rest made: usage_head.hpp
//   posting_entry(key, kind)                of a row that has a posting of its own: tenant_rows.hpp
//   gather_marks(event_id, client_request_id)  of all rows of a group: usage_marks.hpp
//
// Thread: the connection's.
#pragma once

#include "adapters/sqlite/connection.hpp"

namespace obleth::adapters {

void define_usage_functions(SqliteConnection& connection);

}  // namespace obleth::adapters
