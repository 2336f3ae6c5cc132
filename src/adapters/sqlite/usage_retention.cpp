#include "adapters/sqlite/usage_retention.hpp"

#include <algorithm>
#include <string>

#include "adapters/sqlite/period_closing.hpp"
#include "adapters/sqlite/statement.hpp"
#include "adapters/sqlite/usage_schema.hpp"
#include "domain/calendar.hpp"
#include "ports/usage_ledger.hpp"

namespace obleth::adapters {
namespace {

using ports::UsageBucket;

constexpr std::int64_t records_of_a_step = 2000;

void note(SqliteConnection& connection, std::string_view name, std::int64_t value) {
  Statement put(connection,
                "INSERT INTO meta VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)");
  put.bind(name).bind(value).run();
}

bool remove(SqliteConnection& connection, std::string_view sql, std::int64_t before) {
  Statement step(connection, sql);
  step.bind(before).bind(records_of_a_step).run();
  return connection.rows_changed() > 0;
}

constexpr const char* remove_rows =
    "DELETE FROM usage WHERE place IN (SELECT place FROM usage WHERE place < ? ORDER BY place LIMIT ?)";
constexpr const char* remove_kinds =
    "DELETE FROM usage_kinds WHERE (begin, kind) IN"
    " (SELECT begin, kind FROM usage_kinds WHERE begin < ? ORDER BY begin LIMIT ?)";
constexpr const char* remove_marks =
    "DELETE FROM usage_marks WHERE id IN (SELECT id FROM usage_marks WHERE id < ? ORDER BY id LIMIT ?)";
constexpr const char* remove_postings =
    "DELETE FROM usage_of_tenants WHERE (tenant, first) IN (SELECT tenant, first"
    " FROM tenants AS t CROSS JOIN usage_of_tenants ON tenant = t.number AND first < ? LIMIT ?)";
constexpr const char* remove_quarters =
    "DELETE FROM spending_quarters WHERE (account, begin) IN"
    " (SELECT account, begin FROM spending_quarters WHERE begin < ? ORDER BY begin LIMIT ?)";

bool remove_sums(SqliteConnection& connection, RollUpBy by, UsageBucket level, std::int64_t before) {
  return remove(connection, forgetting(by, level), before);
}

}  // namespace

std::string forgetting(RollUpBy by, UsageBucket level) {
  std::string names;
  for (const CellColumn& column : cell_columns)
    if (tells(by, column)) names += (names.empty() ? "" : ", ") + std::string(column.name);
  const std::string table = roll_up_table(by, level);
  // Where a tenant's sums lie together, each tenant's old ones are found at its beginning.
  const std::string old = by == RollUpBy::model
                              ? table + " WHERE begin < ? ORDER BY begin"
                              : "tenants AS t CROSS JOIN " + table + " ON tenant = t.number AND begin < ?";
  return "DELETE FROM " + table + " WHERE (" + names + ") IN (SELECT " + names + " FROM " + old + " LIMIT ?)";
}

WallTime retention_start(WallTime now, std::int64_t retention_days) {
  const WallTime oldest{std::max<std::int64_t>(0, now.unix_ms - retention_days * day_ms)};
  const auto month = calendar_span(CalendarUnit::month, "UTC", oldest);
  return month ? month->begin : oldest;
}

bool forget_some(SqliteConnection& connection, WallTime kept_since, WallTime now) {
  Transaction step(connection, Transaction::Kind::write);
  // First what is long over is summed: minutes and hours must not go before that.
  if (close_some(connection, {now.unix_ms - open_without_rows_ms})) {
    step.commit();
    return true;
  }
  // Told before the first of them is gone, in the same transaction.
  note(connection, "kept_since", kept_since.unix_ms);
  const std::int64_t hour = length_ms(UsageBucket::hour);
  const std::int64_t minutes_since = std::max<std::int64_t>(0, (now.unix_ms - minutes_kept_ms) / hour * hour);
  note(connection, "minutes_since", minutes_since);
  bool removed = remove(connection, remove_rows, first_place_of(kept_since));
  removed = remove(connection, remove_postings, first_place_of(kept_since)) || removed;
  removed = remove(connection, remove_marks, first_marks_of(kept_since)) || removed;
  for (const char* sql : {remove_kinds, remove_quarters})
    removed = remove(connection, sql, kept_since.unix_ms) || removed;
  for (const RollUpBy by : {RollUpBy::model, RollUpBy::key, RollUpBy::all}) {
    if (by != RollUpBy::key) removed = remove_sums(connection, by, UsageBucket::minute, minutes_since) || removed;
    for (const UsageBucket level : {UsageBucket::hour, UsageBucket::day})
      removed = remove_sums(connection, by, level, kept_since.unix_ms) || removed;
  }
  step.commit();
  return removed;
}

}  // namespace obleth::adapters
