// The audit log, in SQLite: rows are added with the change that they tell of, and never changed.
// Faults are thrown as StoreFailure. Thread: the connection's.
#pragma once

#include "adapters/sqlite/connection.hpp"
#include "ports/record_store.hpp"

namespace obleth::adapters {

class AuditTable {
 public:
  explicit AuditTable(SqliteConnection& connection) : connection_(connection) {}

  void add(const AuditEntry& entry) const;
  [[nodiscard]] ports::Page<AuditEntry> page(const ports::AuditFilter& filter) const;  // newest first

 private:
  SqliteConnection& connection_;
};

}  // namespace obleth::adapters
