#include "adapters/sqlite/usage_delivery.hpp"

#include <algorithm>

#include "adapters/sqlite/delivered_ranges.hpp"
#include "adapters/sqlite/spending_table.hpp"
#include "adapters/sqlite/usage_rollup.hpp"
#include "adapters/sqlite/usage_rows.hpp"
#include "adapters/sqlite/usage_schema.hpp"

namespace obleth::adapters {

std::size_t UsageDelivery::take(SqliteConnection& connection, const ports::JournalRange& range,
                                std::span<UsageRecord> rows) {
  try {
    Transaction all(connection, Transaction::Kind::write);
    const DeliveredRanges delivered(connection);
    if (delivered.hold(range)) return 0;
    const std::size_t added = take_rows(connection, rows);
    delivered.add(range);
    all.commit();
    return added;
  } catch (...) {
    dictionary_.forget_all();
    throw;
  }
}

std::size_t UsageDelivery::take_rows(SqliteConnection& connection, std::span<UsageRecord> rows) {
  UsageRowWriter writer(connection);
  UsageRollUp roll_up;
  SpendingSums spending;
  std::size_t added = 0;
  for (UsageRecord& row : rows) {
    row.ts.unix_ms = std::clamp<std::int64_t>(row.ts.unix_ms, 0, usage_ms_max);
    const UsageNumbers numbers = dictionary_.numbers_of(connection, row);
    if (!writer.add(row, numbers)) continue;
    roll_up.add(row, numbers);
    spending.add(row, numbers);
    ++added;
  }
  roll_up.write(connection);
  spending.write(connection);
  return added;
}

}  // namespace obleth::adapters
