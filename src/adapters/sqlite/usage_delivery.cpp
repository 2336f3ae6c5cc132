#include "adapters/sqlite/usage_delivery.hpp"

#include <algorithm>
#include <vector>

#include "adapters/sqlite/arriving_row.hpp"
#include "adapters/sqlite/delivered_ranges.hpp"
#include "adapters/sqlite/spending_table.hpp"
#include "adapters/sqlite/tenant_rows.hpp"
#include "adapters/sqlite/usage_insertion.hpp"
#include "adapters/sqlite/usage_marks.hpp"
#include "adapters/sqlite/usage_rollup.hpp"
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
  std::vector<ArrivingRow> arriving;
  arriving.reserve(rows.size());
  for (UsageRecord& row : rows) {
    row.ts.unix_ms = std::clamp<std::int64_t>(row.ts.unix_ms, 0, usage_ms_max);
    arriving.push_back({.record = &row, .numbers = dictionary_.numbers_of(connection, row), .place = place_of(row)});
  }
  std::ranges::sort(arriving, {}, &ArrivingRow::place);
  UsageInsertion(connection).insert(arriving);
  write_tenant_rows(connection, arriving);
  write_marks(connection, arriving);
  UsageRollUp roll_up;
  SpendingSums spending;
  std::size_t added = 0;
  for (const ArrivingRow& row : arriving) {
    if (!row.is_new) continue;
    roll_up.add(*row.record, row.numbers);
    spending.add(*row.record, row.numbers);
    ++added;
  }
  roll_up.write(connection);
  spending.write(connection);
  return added;
}

}  // namespace obleth::adapters
