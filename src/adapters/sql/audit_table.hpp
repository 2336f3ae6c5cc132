// The audit log: rows are added with the change that they tell of, and never changed.
// Faults are thrown as StoreFailure. Thread: the session's.
#pragma once

#include "adapters/sql/session.hpp"
#include "ports/record_store.hpp"

namespace obleth::adapters {

class AuditTable {
 public:
  explicit AuditTable(SqlSession& session) : session_(session) {}

  void add(const AuditEntry& entry) const;
  [[nodiscard]] ports::Page<AuditEntry> page(const ports::AuditFilter& filter) const;  // newest first

 private:
  SqlSession& session_;
};

}  // namespace obleth::adapters
