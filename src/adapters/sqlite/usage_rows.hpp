// One row of the ledger's table, written and read column by column. Thread: the connection's.
#pragma once

#include <string>

#include "adapters/sqlite/statement.hpp"
#include "adapters/sqlite/usage_dictionary.hpp"
#include "domain/usage_record.hpp"

namespace obleth::adapters {

// Writes the rows of one delivery.
class UsageRowWriter {
 public:
  explicit UsageRowWriter(SqliteConnection& connection);
  // ts is within 0 and usage_ms_max. False: the ledger has this event already.
  [[nodiscard]] bool add(const UsageRecord& record, const UsageNumbers& numbers);

 private:
  [[nodiscard]] bool is_known(const UsageRecord& record);

  SqliteConnection& connection_;
  Statement insert_;
};

// SELECT … FROM usage AS u JOIN tenants … JOIN keys …: what read_usage_row reads; a WHERE follows.
[[nodiscard]] const std::string& select_usage_rows();
[[nodiscard]] UsageRecord read_usage_row(Row& row);

}  // namespace obleth::adapters
