// A step that was released is never edited: what changes is a new step.
//
// Ids are 16 bytes, times are Unix milliseconds, cost is nano-dollars. admission, usage_source and cache are the
// positions of their words in domain/usage_record.hpp, which are never reordered.
#include "adapters/sqlite/usage_schema.hpp"

#include <array>
#include <string>

#include "adapters/sqlite/sum_functions.hpp"
#include "adapters/sqlite/usage_functions.hpp"

namespace obleth::adapters {
namespace {

constexpr std::array levels{"minutes", "hours", "days"};

constexpr const char* names_and_rows = R"sql(
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
-- kept_since: rows that ended before it have been removed.
INSERT INTO meta VALUES ('oldest_reader', 1), ('kept_since', 0);

-- Names that come back in many rows, as small numbers.
CREATE TABLE words (number INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE tenants (number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, name TEXT NOT NULL) STRICT;
CREATE INDEX tenants_by_name ON tenants (name);
CREATE TABLE keys (number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, tenant INTEGER NOT NULL) STRICT;

CREATE TABLE usage (
  place INTEGER PRIMARY KEY,  -- ts * 2^20 and a part that tells the rows of one millisecond apart
  event_id BLOB NOT NULL, tenant INTEGER NOT NULL, key INTEGER NOT NULL, model INTEGER NOT NULL, grp INTEGER NOT NULL,
  route INTEGER NOT NULL, status INTEGER NOT NULL, admission INTEGER NOT NULL, client_request_id TEXT NOT NULL,
  upstream_model TEXT NOT NULL, endpoint INTEGER NOT NULL, stream INTEGER NOT NULL, error_code INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL, cached_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL,
  reasoning_tokens INTEGER NOT NULL, fair_estimate INTEGER NOT NULL, hold_estimate INTEGER NOT NULL,
  usage_source INTEGER NOT NULL, queue_ms INTEGER NOT NULL, ttft_ms INTEGER, total_ms INTEGER NOT NULL,
  overhead_us INTEGER NOT NULL, fairshare_cost INTEGER NOT NULL, fairshare_key INTEGER NOT NULL,
  fairshare_v INTEGER NOT NULL, slot_ms INTEGER NOT NULL, gpu_ms INTEGER NOT NULL, weight INTEGER NOT NULL,
  cost INTEGER NOT NULL, cache INTEGER NOT NULL, tokens_saved INTEGER NOT NULL, brownout_cap INTEGER,
  retries INTEGER NOT NULL, session_id TEXT NOT NULL, user_agent_family TEXT NOT NULL, mcp_server INTEGER NOT NULL,
  mcp_method TEXT NOT NULL, mcp_tool TEXT NOT NULL) STRICT;
CREATE UNIQUE INDEX usage_by_event ON usage (event_id);
CREATE INDEX usage_by_client_id ON usage (client_request_id) WHERE client_request_id <> '';
-- Every filter of a listing is in them, so that a rare match is found without reading the rows between.
CREATE INDEX usage_by_time ON usage (place, tenant, key, model, grp, route, status, admission);
CREATE INDEX usage_by_tenant ON usage (tenant, place, key, model, grp, route, status, admission);

)sql";

constexpr const char* summed_columns =
    R"sql(  requests INTEGER NOT NULL, errors INTEGER NOT NULL, refusals INTEGER NOT NULL, brownouts INTEGER NOT NULL,
  cache_hits INTEGER NOT NULL, retries INTEGER NOT NULL, input_tokens INTEGER NOT NULL,
  cached_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, reasoning_tokens INTEGER NOT NULL,
  tokens_saved INTEGER NOT NULL, cost INTEGER NOT NULL, gpu_ms INTEGER NOT NULL, slot_ms INTEGER NOT NULL,
  queue_ms INTEGER NOT NULL, durations BLOB NOT NULL,
)sql";

constexpr const char* spending_and_ranges = R"sql(
-- What budgets ask, of tenants and of keys: quarters of an hour as long as there are rows, days (UTC) for ever.
CREATE TABLE spending_quarters (
  account INTEGER NOT NULL, begin INTEGER NOT NULL, tokens INTEGER NOT NULL, cost INTEGER NOT NULL,
  PRIMARY KEY (account, begin)) STRICT, WITHOUT ROWID;
CREATE INDEX spending_quarters_by_time ON spending_quarters (begin);
CREATE TABLE spending_days (
  account INTEGER NOT NULL, begin INTEGER NOT NULL, tokens INTEGER NOT NULL, cost INTEGER NOT NULL,
  PRIMARY KEY (account, begin)) STRICT, WITHOUT ROWID;

-- The parts of the write-ahead log that are in the tables above; neighbours are joined. Kept for ever: a segment has
-- one row.
CREATE TABLE delivered_ranges (
  segment BLOB NOT NULL, begin INTEGER NOT NULL, end INTEGER NOT NULL,
  PRIMARY KEY (segment, begin)) STRICT, WITHOUT ROWID;
)sql";

std::string first_tables() {
  std::string sql = names_and_rows;
  for (const std::string level : levels) {
    sql += "CREATE TABLE usage_" + level +
           " (\n  begin INTEGER NOT NULL, tenant INTEGER NOT NULL, key INTEGER NOT NULL,"
           " model INTEGER NOT NULL, grp INTEGER NOT NULL,\n" +
           summed_columns + "  PRIMARY KEY (begin, tenant, key, model, grp)) STRICT, WITHOUT ROWID;\n";
  }
  return sql + spending_and_ranges;
}

// One of the tables that sums are divided into, for each set of names that is asked about together.
struct DividedRollUp {
  std::string undivided;  // the table of step 1
  std::string table;
  std::string names;    // listed
  std::string columns;  // as the table's definition has them

  DividedRollUp(const std::string& level, const std::string& by, std::span<const char* const> of)
      : undivided("usage_" + level), table(undivided + "_by_" + by) {
    for (const std::string name : of) {
      names += (names.empty() ? "" : ", ") + name;
      columns += name + " INTEGER NOT NULL, ";
    }
  }
};

// A step's script for each table of a level.
template <class Script>
std::string each_roll_up(const std::string& level, Script script) {
  constexpr std::array by_model{"begin", "model", "grp"};
  constexpr std::array by_key{"tenant", "begin", "key", "grp"};
  constexpr std::array by_all{"tenant", "begin", "key", "model", "grp"};
  const auto of = [&](const char* by, std::span<const char* const> names) { return script({level, by, names}); };
  // The few rows of a minute need no sums between the other two.
  return of("model", by_model) + (level == "minutes" ? "" : of("key", by_key)) + of("all", by_all);
}

std::string divided_roll_up(const DividedRollUp& into) {
  return "CREATE TABLE " + into.table + " (" + into.columns + "\n" + summed_columns + "  PRIMARY KEY (" + into.names +
         ")) STRICT, WITHOUT ROWID;\nINSERT INTO " + into.table + " SELECT " + into.names +
         ", sum(requests), sum(errors), sum(refusals), sum(brownouts), sum(cache_hits), sum(retries),"
         " sum(input_tokens), sum(cached_tokens), sum(output_tokens), sum(reasoning_tokens), sum(tokens_saved),"
         " sum(cost), sum(gpu_ms), sum(slot_ms), sum(queue_ms), sum_durations(durations) FROM " +
         into.undivided + " GROUP BY " + into.names + ";\n";
}

// Which rows an hour has at all, so that a listing looks only where some row may fit.
constexpr const char* kinds_of_rows = R"sql(
CREATE TABLE usage_kinds (
  begin INTEGER NOT NULL, model INTEGER NOT NULL, grp INTEGER NOT NULL, route INTEGER NOT NULL,
  status INTEGER NOT NULL, admission INTEGER NOT NULL,
  PRIMARY KEY (begin, model, grp, route, status, admission)) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO usage_kinds
  SELECT place / 1048576 / 3600000 * 3600000, model, grp, route, status, admission FROM usage;
)sql";

// Ids are random: in one index over all rows, each row of a delivery would touch a page of its own. An event ends at
// one time, so it is once in the ledger if it is once in its hour.
constexpr const char* ids_by_hour = R"sql(
DROP INDEX usage_by_event;
DROP INDEX usage_by_client_id;
CREATE UNIQUE INDEX usage_by_event ON usage (place / 3774873600000, event_id);
CREATE INDEX usage_by_client_id ON usage (place / 3774873600000, client_request_id) WHERE client_request_id <> '';
)sql";

// A tenant's sums lie together, so that what it asks costs what it has.
std::string divided_roll_ups() {
  std::string sql;
  for (const std::string level : levels)
    sql += each_roll_up(level, divided_roll_up) + "DROP TABLE usage_" + level + ";\n";
  return sql + kinds_of_rows + ids_by_hour;
}

// What only a row itself is asked for becomes one column; an event's spot lets its index compare integers.
constexpr const char* packed_rows = R"sql(
CREATE TABLE packed_usage (
  place INTEGER PRIMARY KEY,  -- ts * 2^20 and a part that tells the rows of one millisecond apart
  event_spot INTEGER NOT NULL, event_id BLOB NOT NULL, tenant INTEGER NOT NULL, key INTEGER NOT NULL,
  model INTEGER NOT NULL, grp INTEGER NOT NULL, route INTEGER NOT NULL, status INTEGER NOT NULL,
  admission INTEGER NOT NULL, client_request_id TEXT NOT NULL,
  rest BLOB NOT NULL) STRICT;  -- usage_rest.hpp
INSERT INTO packed_usage
  SELECT place, event_spot(place, event_id), event_id, tenant, key, model, grp, route, status, admission,
    client_request_id, pack_rest(upstream_model, endpoint, stream, error_code, input_tokens, cached_tokens,
    output_tokens, reasoning_tokens, fair_estimate, hold_estimate, usage_source, queue_ms, ttft_ms, total_ms,
    overhead_us, fairshare_cost, fairshare_key, fairshare_v, slot_ms, gpu_ms, weight, cost, cache, tokens_saved,
    brownout_cap, retries, session_id, user_agent_family, mcp_server, mcp_method, mcp_tool)
  FROM usage ORDER BY place;
DROP TABLE usage;
ALTER TABLE packed_usage RENAME TO usage;
CREATE UNIQUE INDEX usage_by_event ON usage (event_spot, event_id);
CREATE INDEX usage_by_client_id ON usage (place / 3774873600000, client_request_id) WHERE client_request_id <> '';
CREATE INDEX usage_by_time ON usage (place, tenant, key, model, grp, route, status, admission);
CREATE INDEX usage_by_tenant ON usage (tenant, place, key, model, grp, route, status, admission);
)sql";

// One tree for the rows, which grows at its end. What else they are found by is kept for many rows at a time: kinds,
// a tenant's rows, marks of ids.
constexpr const char* postings_and_marks = R"sql(
CREATE TABLE kinds (
  number INTEGER PRIMARY KEY, model INTEGER NOT NULL, grp INTEGER NOT NULL, route INTEGER NOT NULL,
  status INTEGER NOT NULL, admission INTEGER NOT NULL, UNIQUE (model, grp, route, status, admission)) STRICT;
INSERT INTO kinds (model, grp, route, status, admission)
  SELECT model, grp, route, status, admission FROM usage
  UNION SELECT model, grp, route, status, admission FROM usage_kinds;
CREATE TABLE numbered_kinds (
  begin INTEGER NOT NULL, kind INTEGER NOT NULL, PRIMARY KEY (begin, kind)) STRICT, WITHOUT ROWID;
INSERT INTO numbered_kinds
  SELECT begin, number FROM usage_kinds JOIN kinds USING (model, grp, route, status, admission);
DROP TABLE usage_kinds;
ALTER TABLE numbered_kinds RENAME TO usage_kinds;

CREATE TABLE marked_usage (
  place INTEGER PRIMARY KEY,  -- ts * 2^20 and a part that tells the rows of one millisecond apart
  client_request_id TEXT NOT NULL,
  packed BLOB NOT NULL) STRICT;  -- usage_head.hpp, usage_rest.hpp
INSERT INTO marked_usage
  SELECT place, client_request_id, pack_row(tenant, key, number, event_id, rest)
  FROM usage CROSS JOIN kinds USING (model, grp, route, status, admission) ORDER BY place;
CREATE TABLE usage_of_tenants (  -- tenant_rows.hpp
  tenant INTEGER NOT NULL, first INTEGER NOT NULL, entries BLOB NOT NULL,
  PRIMARY KEY (tenant, first)) STRICT, WITHOUT ROWID;
INSERT INTO usage_of_tenants
  SELECT tenant, place, posting_entry(key, number)
  FROM usage INDEXED BY usage_by_tenant CROSS JOIN kinds USING (model, grp, route, status, admission)
  ORDER BY tenant, place;
CREATE TABLE usage_marks (  -- usage_marks.hpp
  id INTEGER PRIMARY KEY,   -- hours since 1970 * 2^20 and the number within the hour
  first INTEGER NOT NULL, last INTEGER NOT NULL, marks BLOB NOT NULL) STRICT;
INSERT INTO usage_marks
  SELECT min(place) / 3774873600000 * 1048576 + min(place) / 62914560000 % 60, min(place), max(place),
    gather_marks(event_id, client_request_id)
  FROM usage GROUP BY place / 62914560000;
DROP TABLE usage;
ALTER TABLE marked_usage RENAME TO usage;
)sql";

// SQLite searches its tree for each record, so that rows that end together share one.
constexpr const char* rows_in_runs = R"sql(
CREATE TABLE usage_in_runs (
  place INTEGER PRIMARY KEY,  -- of its first row: ts * 2^20 and a part that tells the rows of one millisecond apart
  run BLOB NOT NULL) STRICT;  -- usage_runs.hpp
INSERT INTO usage_in_runs SELECT place, run_of_row(client_request_id, packed) FROM usage ORDER BY place;
DROP TABLE usage;
ALTER TABLE usage_in_runs RENAME TO usage;
)sql";

// One column for all sums: SQLite works on each column of each cell that a delivery adds to.
std::string packed_roll_up(const DividedRollUp& of) {
  return "CREATE TABLE packed_sums (" + of.columns + "\n  sums BLOB NOT NULL,  -- rolled_up.hpp\n  PRIMARY KEY (" +
         of.names + ")) STRICT, WITHOUT ROWID;\nINSERT INTO packed_sums SELECT " + of.names +
         ", pack_sums(requests, errors, refusals, brownouts, cache_hits, retries, input_tokens, cached_tokens,"
         " output_tokens, reasoning_tokens, tokens_saved, cost, gpu_ms, slot_ms, queue_ms, durations) FROM " +
         of.table + ";\nDROP TABLE " + of.table + ";\nALTER TABLE packed_sums RENAME TO " + of.table + ";\n";
}

std::string packed_roll_ups() {
  std::string sql;
  for (const std::string level : levels)
    sql += each_roll_up(level, packed_roll_up);
  return sql;
}

// closed_periods.hpp. Until now everything was added to hours and days at once.
constexpr const char* periods_that_close = R"sql(
INSERT INTO meta
  SELECT 'hours_until', coalesce(max(begin) + 3600000, 0) FROM usage_hours_by_model UNION ALL
  SELECT 'days_until', coalesce(max(begin) + 86400000, 0) FROM
    (SELECT max(begin) AS begin FROM usage_days_by_model UNION ALL SELECT max(begin) FROM spending_days);
)sql";

}  // namespace

std::span<const Migration> usage_migrations() {
  static const std::array scripts{first_tables(), divided_roll_ups(), packed_roll_ups()};
  static const std::array steps{
      Migration{1, 1, scripts[0].c_str()}, Migration{2, 2, scripts[1].c_str()}, Migration{3, 3, packed_rows},
      Migration{4, 4, postings_and_marks}, Migration{5, 5, rows_in_runs},       Migration{6, 6, scripts[2].c_str()},
      Migration{7, 7, periods_that_close},
  };
  return steps;
}

void migrate_usage(SqliteConnection& connection) {
  define_sum_functions(connection);
  define_usage_functions(connection);
  migrate(connection, usage_migrations());
}

}  // namespace obleth::adapters
