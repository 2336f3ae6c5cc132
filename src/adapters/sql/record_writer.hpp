// Applies one transaction's writes to the tables. Runs inside a write transaction of its caller's.
// Faults are thrown as StoreFailure. Thread: the session's.
#pragma once

#include <cstdint>
#include <span>
#include <utility>

#include "adapters/sql/session.hpp"
#include "ports/record_store.hpp"
#include "ports/secret_sealer.hpp"

namespace obleth::adapters {

class RecordWriter {
 public:
  RecordWriter(SqlSession& session, const ports::SecretSealer& sealer) : session_(session), sealer_(sealer) {}

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
  SqlSession& session_;
  const ports::SecretSealer& sealer_;
};

// All of it or nothing, with its audit rows; the answer is the configuration's new version.
[[nodiscard]] std::uint64_t commit_all(SqlSession& session, const ports::SecretSealer& sealer,
                                       const ports::Transaction& transaction);
// The same checks; nothing is kept.
void rehearse_all(SqlSession& session, const ports::SecretSealer& sealer, const ports::Transaction& transaction);
[[nodiscard]] std::uint64_t configuration_version(SqlSession& session);

// When keys were used, and hashes under the current pepper: no change of the configuration.
void note_uses(SqlSession& session, std::span<const std::pair<KeyId, WallTime>> uses);
void renew(SqlSession& session, std::span<const ports::RenewedHash> hashes);

}  // namespace obleth::adapters
