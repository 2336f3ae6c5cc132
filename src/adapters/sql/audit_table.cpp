#include "adapters/sql/audit_table.hpp"

#include <limits>
#include <string>
#include <string_view>

#include "adapters/sql/paging.hpp"
#include "adapters/sql/query.hpp"

namespace obleth::adapters {
namespace {

constexpr std::uint64_t all_ones = std::numeric_limits<std::uint64_t>::max();
constexpr PageStart end_of_time{WallTime{std::numeric_limits<std::int64_t>::max()}, Bits128{all_ones, all_ones}};
constexpr const char* newest_first = " ORDER BY at DESC, id DESC LIMIT ?";

AuditEntry read_entry(QueryRow& row) {
  AuditEntry entry;
  entry.id = row.id<AuditId>();
  entry.at = row.time();
  entry.actor = row.text();
  entry.remote_address = row.text();
  entry.action = row.text();
  entry.target_kind = row.text();
  entry.target = row.text();
  entry.target_name = row.text();
  entry.before_json = row.text();
  entry.after_json = row.text();
  return entry;
}

struct Span {
  PageStart before;
  WallTime since;
};

Span span_of(const ports::AuditFilter& filter) {
  Span span{.before = start_of(filter.page.cursor, end_of_time), .since = filter.since.value_or(PageStart{}.at)};
  if (filter.until && *filter.until <= span.before.at) span.before = {*filter.until, Bits128{}};
  return span;
}

// What is not asked has no term: no index answers one that may be empty. target_column: where the target stands.
std::string select_sql(const ports::AuditFilter& filter, std::string_view target_column) {
  std::string sql =
      "SELECT id, at, actor, remote_address, action, target_kind, target, target_name, before_json, after_json"
      " FROM audit WHERE (at, id) < (?, ?) AND at >= ?";
  if (!filter.actor.empty()) sql += " AND actor = ?";
  if (!filter.action.empty()) sql += " AND action = ?";
  if (!filter.target.empty()) sql.append(" AND ").append(target_column).append(" = ?");
  if (!filter.page.name_contains.empty()) sql += " AND instr(lower(target_name), lower(?)) > 0";
  return sql + newest_first;
}

void bind_select(Query& list, const ports::AuditFilter& filter, const Span& span, std::size_t rows) {
  list.bind(span.before.at).bind(span.before.id).bind(span.since);
  for (const std::string* asked : {&filter.actor, &filter.action, &filter.target, &filter.page.name_contains}) {
    if (!asked->empty()) list.bind(*asked);
  }
  list.bind(rows);
}

ports::Page<AuditEntry> read_entries(Query& list, std::size_t rows) {
  return read_page<AuditEntry>(list, rows, read_entry,
                               [](const AuditEntry& entry) { return PageStart{entry.at, entry.id.bits}; });
}

}  // namespace

// One that comes again was written by a commit whose answer was lost.
void AuditTable::add(const AuditEntry& entry) const {
  Query add(session_,
            "INSERT INTO audit (id, at, actor, remote_address, action, target_kind, target, target_name,"
            " before_json, after_json) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING");
  add.bind(entry.id).bind(entry.at).bind(entry.actor).bind(entry.remote_address).bind(entry.action);
  add.bind(entry.target_kind).bind(entry.target).bind(entry.target_name);
  add.bind(entry.before_json).bind(entry.after_json).run();
}

void AuditTable::forget_calls(WallTime now) const {
  constexpr std::int64_t day_ms = 86'400'000;
  Query forget(session_,
               "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE target_kind = 'mcp_tool' AND at < ?"
               " ORDER BY at LIMIT 1000)");
  forget.bind(WallTime{now.unix_ms - call_days_kept * day_ms}).run();
}

ports::Page<AuditEntry> AuditTable::page(const ports::AuditFilter& filter) const {
  const Span span = span_of(filter);
  const std::size_t rows = rows_of(filter.page);
  if (filter.target.empty()) {
    Query list(session_, select_sql(filter, {}));
    bind_select(list, filter, span, rows + 1);
    return read_entries(list, rows);
  }
  // Of each that the text may mean no more rows than the page has.
  Query list(session_, "SELECT * FROM (" + select_sql(filter, "target") + ") AS by_id UNION SELECT * FROM (" +
                           select_sql(filter, "target_name") + ") AS by_name" + newest_first);
  bind_select(list, filter, span, rows + 1);
  bind_select(list, filter, span, rows + 1);
  list.bind(rows + 1);
  return read_entries(list, rows);
}

}  // namespace obleth::adapters
