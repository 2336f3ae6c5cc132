// The record in one SQLite file: the embedded mode's store.
//
// Blocking work runs on one thread of its own with a bounded queue; a call from a loop suspends and resumes there. A
// call from a thread without a loop runs in place. A commit that was answered is on disk: a killed process loses
// nothing. Thread: any. Destroy it before the loops whose tasks may wait for it.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

#include "adapters/sqlite/connection_desk.hpp"
#include "ports/record_store.hpp"
#include "ports/secret_sealer.hpp"

namespace obleth::adapters {

class SqliteRecordStore final : public ports::RecordStore {
 public:
  static constexpr std::size_t queue_max = 1024;

  // Creates or migrates the file. Fault: it cannot be opened, is another program's, or a newer version's.
  [[nodiscard]] static Result<std::unique_ptr<SqliteRecordStore>> open(DatabaseFile file,
                                                                       const ports::SecretSealer& sealer);

  // Set before the first call.
  void watch_calls(ConnectionDesk::WatchCalls watch) { desk_.watch_calls(std::move(watch)); }

  Task<Result<std::uint64_t>> commit(ports::Transaction transaction) override;
  Task<Result<std::uint64_t>> version() override;

  Task<Result<std::optional<ResolvedKey>>> resolve_key(const SecretHash& hash, WallTime now) override;
  Task<Result<void>> note_key_uses(std::vector<std::pair<KeyId, WallTime>> uses) override;
  Task<Result<void>> renew_key_hashes(std::vector<ports::RenewedHash> hashes) override;

  Task<Result<std::optional<Tenant>>> find_tenant(std::string id_or_name) override;
  Task<Result<ports::Page<Tenant>>> list_tenants(ports::PageRequest page) override;
  Task<Result<std::optional<ApiKey>>> find_key(KeyId id) override;
  Task<Result<ports::Page<ApiKey>>> list_keys(std::optional<TenantId> tenant, ports::PageRequest page) override;
  Task<Result<std::optional<Group>>> find_group(std::string id_or_name) override;
  Task<Result<ports::Page<Group>>> list_groups(ports::PageRequest page) override;
  Task<Result<std::optional<Model>>> find_model(std::string id_or_name) override;
  Task<Result<ports::Page<Model>>> list_models(ports::PageRequest page) override;
  Task<Result<std::vector<Model>>> all_models() override;
  Task<Result<std::optional<McpServer>>> find_mcp_server(std::string id_or_name) override;
  Task<Result<ports::Page<McpServer>>> list_mcp_servers(ports::PageRequest page) override;
  Task<Result<std::vector<AdminToken>>> all_admin_tokens() override;
  Task<Result<std::vector<std::pair<std::string, std::string>>>> all_settings() override;
  Task<Result<ports::Page<AuditEntry>>> list_audit(ports::AuditFilter filter) override;

 private:
  SqliteRecordStore(DatabaseFile file, const ports::SecretSealer& sealer);

  template <class Work>
  auto ask(std::string_view operation, Work work) {
    return desk_.ask(std::move(work), operation);
  }

  const ports::SecretSealer& sealer_;
  ConnectionDesk desk_;
};

}  // namespace obleth::adapters
