// Applies one transaction's writes to the tables. Runs inside a write transaction of its caller's.
// Faults are thrown as StoreFailure. Thread: the connection's.
#pragma once

#include <cstdint>

#include "adapters/sqlite/connection.hpp"
#include "ports/record_store.hpp"
#include "ports/secret_sealer.hpp"

namespace obleth::adapters {

class RecordWriter {
 public:
  RecordWriter(SqliteConnection& connection, const ports::SecretSealer& sealer)
      : connection_(connection), sealer_(sealer) {}

  void operator()(const ports::PutTenant& write) const;
  void operator()(const ports::PutKey& write) const;
  void operator()(const ports::PutGroup& write) const;
  void operator()(const ports::PutModel& write) const;
  void operator()(const ports::PutMcpServer& write) const;
  void operator()(const ports::PutAdminToken& write) const;
  void operator()(const ports::PutSetting& write) const;
  void operator()(const ports::DeleteTenant& write) const;
  void operator()(const ports::DeleteKey& write) const;
  void operator()(const ports::DeleteGroup& write) const;
  void operator()(const ports::DeleteModel& write) const;
  void operator()(const ports::DeleteMcpServer& write) const;
  void operator()(const ports::DeleteAdminToken& write) const;

 private:
  SqliteConnection& connection_;
  const ports::SecretSealer& sealer_;
};

// All of it or nothing, with its audit rows; the answer is the configuration's new version.
[[nodiscard]] std::uint64_t commit_all(SqliteConnection& connection, const ports::SecretSealer& sealer,
                                       const ports::Transaction& transaction);
[[nodiscard]] std::uint64_t configuration_version(SqliteConnection& connection);

}  // namespace obleth::adapters
