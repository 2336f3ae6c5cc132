#include "adapters/sqlite/usage_retention.hpp"

#include <algorithm>
#include <string>

#include "adapters/sqlite/statement.hpp"
#include "adapters/sqlite/usage_schema.hpp"
#include "domain/calendar.hpp"
#include "ports/usage_ledger.hpp"

namespace obleth::adapters {
namespace {

constexpr std::int64_t rows_of_a_step = 2000;

void note(SqliteConnection& connection, std::string_view name, std::int64_t value) {
  Statement put(connection,
                "INSERT INTO meta VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)");
  put.bind(name).bind(value).run();
}

bool remove(SqliteConnection& connection, std::string_view sql, std::int64_t before) {
  Statement step(connection, sql);
  step.bind(before).bind(rows_of_a_step).run();
  return connection.rows_changed() > 0;
}

constexpr const char* remove_rows =
    "DELETE FROM usage WHERE place IN (SELECT place FROM usage WHERE place < ? ORDER BY place LIMIT ?)";
constexpr const char* remove_minutes =
    "DELETE FROM usage_minutes WHERE (begin, tenant, key, model, grp) IN"
    " (SELECT begin, tenant, key, model, grp FROM usage_minutes WHERE begin < ? ORDER BY begin LIMIT ?)";
constexpr const char* remove_hours =
    "DELETE FROM usage_hours WHERE (begin, tenant, key, model, grp) IN"
    " (SELECT begin, tenant, key, model, grp FROM usage_hours WHERE begin < ? ORDER BY begin LIMIT ?)";
constexpr const char* remove_days =
    "DELETE FROM usage_days WHERE (begin, tenant, key, model, grp) IN"
    " (SELECT begin, tenant, key, model, grp FROM usage_days WHERE begin < ? ORDER BY begin LIMIT ?)";
constexpr const char* remove_quarters =
    "DELETE FROM spending_quarters WHERE (account, begin) IN"
    " (SELECT account, begin FROM spending_quarters WHERE begin < ? ORDER BY begin LIMIT ?)";

}  // namespace

WallTime retention_start(WallTime now, std::int64_t retention_days) {
  const WallTime oldest{std::max<std::int64_t>(0, now.unix_ms - retention_days * day_ms)};
  const auto month = calendar_span(CalendarUnit::month, "UTC", oldest);
  return month ? month->begin : oldest;
}

bool forget_some(SqliteConnection& connection, WallTime kept_since, WallTime now) {
  Transaction step(connection, Transaction::Kind::write);
  // Told before the first of them is gone, in the same transaction.
  note(connection, "kept_since", kept_since.unix_ms);
  const std::int64_t hour = length_ms(ports::UsageBucket::hour);
  const std::int64_t minutes_since = std::max<std::int64_t>(0, (now.unix_ms - minutes_kept_ms) / hour * hour);
  note(connection, "minutes_since", minutes_since);
  bool removed = remove(connection, remove_minutes, minutes_since);
  for (const char* sql : {remove_rows, remove_hours, remove_days, remove_quarters})
    removed = remove(connection, sql, kept_since.unix_ms * (sql == remove_rows ? places_per_ms : 1)) || removed;
  step.commit();
  return removed;
}

}  // namespace obleth::adapters
