// Tenants' keys. Faults are thrown as StoreFailure. Thread: the session's.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "adapters/sql/record_table.hpp"
#include "ports/record_store.hpp"

namespace obleth::adapters {

class KeyTable {
 public:
  explicit KeyTable(SqlSession& session) : session_(session), rows_(session, "keys", "key") {}

  void put(const ports::PutKey& write) const;  // last_used_at of a known key stays as it is
  void erase(KeyId id) const { rows_.erase(id.bits); }
  void note_use(KeyId id, WallTime at) const;  // never earlier than what is noted
  void renew_hash(const ports::RenewedHash& renewed) const;

  [[nodiscard]] std::optional<ApiKey> find(KeyId id) const;
  // A rotated key's former hash finds it until its grace ends.
  [[nodiscard]] std::optional<ApiKey> find(const SecretHash& hash, WallTime now) const;
  [[nodiscard]] ports::Page<ApiKey> page(const std::optional<TenantId>& tenant,
                                         const ports::PageRequest& request) const;

 private:
  void check_name_free(const ApiKey& key) const;

  SqlSession& session_;
  RecordTable rows_;
};

}  // namespace obleth::adapters
