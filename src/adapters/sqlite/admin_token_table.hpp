// Tokens for the Management API, in SQLite. Faults are thrown as StoreFailure. Thread: the connection's.
#pragma once

#include <vector>

#include "adapters/sqlite/record_table.hpp"
#include "ports/record_store.hpp"

namespace obleth::adapters {

class AdminTokenTable {
 public:
  explicit AdminTokenTable(SqliteConnection& connection)
      : connection_(connection), rows_(connection, "admin_tokens", "admin token") {}

  void put(const ports::PutAdminToken& write) const;
  void erase(AdminTokenId id) const { rows_.erase(id.bits); }
  [[nodiscard]] std::vector<AdminToken> all() const;  // in the order in which they were made

 private:
  SqliteConnection& connection_;
  RecordTable rows_;
};

}  // namespace obleth::adapters
