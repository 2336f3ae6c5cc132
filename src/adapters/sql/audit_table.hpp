// The audit log: rows are added with the change that they tell of, and never changed.
// Faults are thrown as StoreFailure. Thread: the session's.
#pragma once

#include <cstdint>

#include "adapters/sql/session.hpp"
#include "ports/record_store.hpp"

namespace obleth::adapters {

inline constexpr std::int64_t call_days_kept = 180;

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
