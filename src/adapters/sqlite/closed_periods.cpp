#include "adapters/sqlite/closed_periods.hpp"

#include "adapters/sqlite/statement.hpp"
#include "adapters/sqlite/usage_names.hpp"

namespace obleth::adapters {
namespace {

struct Note {
  const char* name;
  ClosedPeriods::Level ClosedPeriods::* level;
  std::int64_t ClosedPeriods::Level::* value;
};

constexpr Note notes[] = {
    {"hours_until", &ClosedPeriods::hours, &ClosedPeriods::Level::until_ms},
    {"hours_tenants_max", &ClosedPeriods::hours, &ClosedPeriods::Level::tenants_max},
    {"days_until", &ClosedPeriods::days, &ClosedPeriods::Level::until_ms},
    {"days_tenants_max", &ClosedPeriods::days, &ClosedPeriods::Level::tenants_max},
};

}  // namespace

ClosedPeriods closed_periods(SqliteConnection& connection) {
  ClosedPeriods closed;
  for (const Note& note : notes)
    (closed.*note.level).*note.value = meta_value(connection, note.name);
  return closed;
}

void note_closed_periods(SqliteConnection& connection, const ClosedPeriods& closed) {
  for (const Note& note : notes) {
    Statement put(connection, "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value");
    put.bind(std::string_view(note.name)).bind((closed.*note.level).*note.value).run();
  }
}

}  // namespace obleth::adapters
