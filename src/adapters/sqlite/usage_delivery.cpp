#include "adapters/sqlite/usage_delivery.hpp"

#include <algorithm>
#include <vector>

#include "adapters/sql/store_failure.hpp"
#include "adapters/sqlite/delivered_ranges.hpp"
#include "adapters/sqlite/spending_table.hpp"
#include "adapters/sqlite/statement.hpp"
#include "adapters/sqlite/tenant_rows.hpp"
#include "adapters/sqlite/usage_head.hpp"
#include "adapters/sqlite/usage_marks.hpp"
#include "adapters/sqlite/usage_rollup.hpp"
#include "adapters/sqlite/usage_schema.hpp"

namespace obleth::adapters {
namespace {

// An event's own bits choose its place, so that rows of one millisecond rarely meet.
std::int64_t place_of(const UsageRecord& row) {
  constexpr auto place_bits = static_cast<std::uint64_t>(places_per_ms - 1);
  return first_place_of(row.ts) + static_cast<std::int64_t>(row.event_id.bits.low & place_bits);
}

// Of the same millisecond; after the last comes the first.
std::int64_t next_place(std::int64_t place) {
  return (place + 1) % places_per_ms == 0 ? place + 1 - places_per_ms : place + 1;
}

// Of the event that has a place.
EventId event_at(SqliteConnection& connection, std::int64_t place) {
  Statement find(connection, "SELECT packed FROM usage WHERE place = ?");
  UsageHead head;
  if (!find.bind(place).step() || !unpack_head(Row(find).blob(), head))
    throw StoreFailure(store_fault(FaultKind::broken, "the database holds a row that is damaged"));
  return head.event;
}

}  // namespace

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
  insert(connection, arriving);
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

// An event ends at one time, so all that could be the same stand from its own place on without a gap.
void UsageDelivery::insert(SqliteConnection& connection, std::span<ArrivingRow> rows) {
  arriving_.insert(connection, rows);
  bool moved = false;
  for (ArrivingRow& row : rows) {
    for (std::int64_t tried = 1; !row.is_new && tried < places_per_ms; ++tried) {
      if (event_at(connection, row.place) == row.record->event_id) break;
      row.place = next_place(row.place);
      arriving_.insert(connection, {&row, 1});
      moved = true;
    }
  }
  if (moved) std::ranges::sort(rows, {}, &ArrivingRow::place);
}

}  // namespace obleth::adapters
