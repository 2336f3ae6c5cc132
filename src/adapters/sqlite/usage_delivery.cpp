#include "adapters/sqlite/usage_delivery.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

#include "adapters/sql/store_failure.hpp"
#include "adapters/sqlite/arriving_row.hpp"
#include "adapters/sqlite/delivered_ranges.hpp"
#include "adapters/sqlite/period_closing.hpp"
#include "adapters/sqlite/tenant_rows.hpp"
#include "adapters/sqlite/usage_insertion.hpp"
#include "adapters/sqlite/usage_marks.hpp"
#include "adapters/sqlite/usage_rollup.hpp"
#include "adapters/sqlite/usage_schema.hpp"
#include "observe/log.hpp"

namespace obleth::adapters {
namespace {

constexpr Duration complaint_period = std::chrono::minutes(1);

WallTime youngest_of(std::span<const UsageRecord> rows) {
  return std::ranges::max_element(rows, {}, &UsageRecord::ts)->ts;
}

// Sums that are damaged stay open, and are told; rows are taken nevertheless.
void close_what_is_over(SqliteConnection& connection, WallTime latest, ClosingStep step) {
  connection.execute("SAVEPOINT closing");
  try {
    static_cast<void>(close_some(connection, latest, step));
  } catch (const StoreFailure& failure) {
    if (failure.fault().kind != FaultKind::broken) throw;
    connection.execute("ROLLBACK TO closing");
    observe::log_once_per(complaint_period, observe::LogLevel::error, "the ledger's hours and days cannot be summed",
                          failure.fault().message);
  }
  connection.execute("RELEASE closing");
}

}  // namespace

std::size_t UsageDelivery::take(SqliteConnection& connection, const ports::JournalRange& range,
                                std::span<UsageRecord> rows, WallTime now) {
  try {
    Transaction all(connection, Transaction::Kind::write);
    const DeliveredRanges delivered(connection);
    if (delivered.hold(range)) return 0;
    const std::size_t added = take_rows(connection, rows);
    delivered.add(range);
    if (added > 0) close_what_is_over(connection, std::min(youngest_of(rows), now), step_.after(added));
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
  std::size_t added = 0;
  for (const ArrivingRow& row : arriving) {
    if (!row.is_new) continue;
    roll_up.add(*row.record, row.numbers);
    ++added;
  }
  roll_up.write(connection, closed_periods(connection));
  return added;
}

}  // namespace obleth::adapters
