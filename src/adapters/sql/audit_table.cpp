#include "adapters/sql/audit_table.hpp"

#include <limits>

#include "adapters/sql/paging.hpp"
#include "adapters/sql/query.hpp"

namespace obleth::adapters {
namespace {

constexpr std::uint64_t all_ones = std::numeric_limits<std::uint64_t>::max();
constexpr PageStart end_of_time{WallTime{std::numeric_limits<std::int64_t>::max()}, Bits128{all_ones, all_ones}};

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

}  // namespace

void AuditTable::add(const AuditEntry& entry) const {
  Query add(session_,
            "INSERT INTO audit (id, at, actor, remote_address, action, target_kind, target, target_name,"
            " before_json, after_json) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  add.bind(entry.id).bind(entry.at).bind(entry.actor).bind(entry.remote_address).bind(entry.action);
  add.bind(entry.target_kind).bind(entry.target).bind(entry.target_name);
  add.bind(entry.before_json).bind(entry.after_json).run();
}

void AuditTable::forget_calls(WallTime now) const {
  constexpr std::int64_t day_ms = 86'400'000;
  Query forget(session_,
               "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at < ? AND target_kind = 'mcp_tool'"
               " ORDER BY at LIMIT 1000)");
  forget.bind(WallTime{now.unix_ms - call_days_kept * day_ms}).run();
}

ports::Page<AuditEntry> AuditTable::page(const ports::AuditFilter& filter) const {
  const PageStart start = start_of(filter.page.cursor, end_of_time);
  const std::size_t rows = rows_of(filter.page);
  Query list(session_,
             "SELECT id, at, actor, remote_address, action, target_kind, target, target_name, before_json,"
             " after_json FROM audit WHERE (at, id) < (?1, ?2) AND instr(lower(target_name), lower(?3)) > 0"
             " AND (?4 = '' OR actor = ?4) AND (?5 = '' OR action = ?5)"
             " AND (?6 = '' OR target = ?6 OR target_name = ?6)"
             " AND (at >= ?7 OR ?7 IS NULL) AND (at < ?8 OR ?8 IS NULL) ORDER BY at DESC, id DESC LIMIT ?9");
  list.bind(start.at).bind(start.id).bind(filter.page.name_contains);
  list.bind(filter.actor).bind(filter.action).bind(filter.target).bind(filter.since).bind(filter.until);
  list.bind(rows + 1);
  return read_page<AuditEntry>(list, rows, read_entry,
                               [](const AuditEntry& entry) { return PageStart{entry.at, entry.id.bits}; });
}

}  // namespace obleth::adapters
