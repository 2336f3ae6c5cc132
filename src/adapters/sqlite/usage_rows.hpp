// One row of the ledger's table, read column by column; arriving_rows.hpp writes it. Thread: the connection's.
#pragma once

#include <string>

#include "adapters/sqlite/statement.hpp"
#include "adapters/sqlite/usage_dictionary.hpp"
#include "domain/usage_record.hpp"

namespace obleth::adapters {

// SELECT … FROM usage AS u JOIN tenants … JOIN keys …: what read_usage_row reads; a WHERE follows.
[[nodiscard]] const std::string& select_usage_rows();
[[nodiscard]] UsageRecord read_usage_row(SqliteConnection& connection, Row& row);

// Reads status, admission and rest: all that is summed. The numbers are those that the rest holds.
UsageNumbers read_packed(Row& row, UsageRecord& record);

}  // namespace obleth::adapters
