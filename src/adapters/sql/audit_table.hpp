// The audit log: rows are added with the change that they tell of, and never changed.
// Faults are thrown as StoreFailure. Thread: the session's.
#pragma once

#include <cstdint>

#include "adapters/sql/session.hpp"
#include "ports/record_store.hpp"

namespace obleth::adapters {

inline constexpr std::int64_t call_days_kept = 180;

// A step of both schemas: each filter has its index, and so have the records of calls that are old. Of several that
// fit, SQLite takes the one that was made last: the one that finds the fewest rows.
inline constexpr const char* audit_indexes = R"sql(
DROP INDEX audit_by_target;
CREATE INDEX audit_calls ON audit (at) WHERE target_kind = 'mcp_tool';
CREATE INDEX audit_by_action ON audit (action, at, id);
CREATE INDEX audit_by_actor ON audit (actor, at, id);
CREATE INDEX audit_by_target_name ON audit (target_name, at, id);
CREATE INDEX audit_by_target ON audit (target, at, id);
)sql";

class AuditTable {
 public:
  explicit AuditTable(SqlSession& session) : session_(session) {}

  void add(const AuditEntry& entry) const;
  // Some of the records of tool calls that are older than call_days_kept. Changes are kept for ever.
  void forget_calls(WallTime now) const;
  [[nodiscard]] ports::Page<AuditEntry> page(const ports::AuditFilter& filter) const;  // newest first

 private:
  SqlSession& session_;
};

}  // namespace obleth::adapters
