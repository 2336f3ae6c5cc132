// Tenants. Faults are thrown as StoreFailure. Thread: the session's.
#pragma once

#include <optional>
#include <string>

#include "adapters/sql/record_table.hpp"
#include "ports/record_store.hpp"

namespace obleth::adapters {

class TenantTable {
 public:
  explicit TenantTable(SqlSession& session) : session_(session), rows_(session, "tenants", "tenant") {}

  void put(const ports::PutTenant& write) const;
  void erase(TenantId id) const { rows_.erase(id.bits); }  // its keys go with it

  [[nodiscard]] std::optional<Tenant> find(TenantId id) const;
  [[nodiscard]] std::optional<Tenant> find(const std::string& id_or_name) const;
  [[nodiscard]] ports::Page<Tenant> page(const ports::PageRequest& request) const;

 private:
  SqlSession& session_;
  RecordTable rows_;
};

}  // namespace obleth::adapters
