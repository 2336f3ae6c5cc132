// Tokens for the Management API. Faults are thrown as StoreFailure. Thread: the session's.
#pragma once

#include <vector>

#include "adapters/sql/record_table.hpp"
#include "ports/record_store.hpp"

namespace obleth::adapters {

class AdminTokenTable {
 public:
  explicit AdminTokenTable(SqlSession& session) : session_(session), rows_(session, "admin_tokens", "admin token") {}

  void put(const ports::PutAdminToken& write) const;
  void erase(AdminTokenId id) const { rows_.erase(id.bits); }
  [[nodiscard]] std::vector<AdminToken> all() const;  // in the order in which they were made

 private:
  SqlSession& session_;
  RecordTable rows_;
};

}  // namespace obleth::adapters
