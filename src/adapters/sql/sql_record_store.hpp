// The record over a desk of SQL sessions: which tables a call asks. The databases differ in their desks alone.
//
//   class SqliteRecordStore final : public SqlRecordStore<ConnectionDesk> { … };
//
// A Desk has ask(work, operation): it calls work with a session of its own, on a thread where blocking is allowed, and
// gives its answer to the asking loop. Thread: any.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/sql/record_reader.hpp"
#include "adapters/sql/record_writer.hpp"
#include "adapters/sql/spending_checkpoint_table.hpp"
#include "ports/record_store.hpp"
#include "ports/secret_sealer.hpp"

namespace obleth::adapters {

template <class Desk>
class SqlRecordStore : public ports::RecordStore, public ports::SpendingCheckpoints {
 public:
  Task<Result<std::uint64_t>> commit(ports::Transaction transaction) override {
    return ask("commit", [this, transaction = std::move(transaction)](SqlSession& session) {
      return commit_all(session, sealer_, transaction);
    });
  }
  Task<Result<void>> rehearse(ports::Transaction transaction) override {
    return ask("rehearse", [this, transaction = std::move(transaction)](SqlSession& session) {
      rehearse_all(session, sealer_, transaction);
    });
  }
  Task<Result<std::uint64_t>> version() override { return ask("version", configuration_version); }

  Task<Result<std::optional<ResolvedKey>>> resolve_key(const SecretHash& hash, WallTime now) override {
    return ask("resolve_key", [hash, now](SqlSession& session) { return resolve(session, hash, now); });
  }
  Task<Result<void>> note_key_uses(std::vector<std::pair<KeyId, WallTime>> uses) override {
    return ask("note_key_uses", [uses = std::move(uses)](SqlSession& session) { note_uses(session, uses); });
  }
  Task<Result<void>> renew_key_hashes(std::vector<ports::RenewedHash> hashes) override {
    return ask("renew_key_hashes", [hashes = std::move(hashes)](SqlSession& session) { renew(session, hashes); });
  }

  Task<Result<std::optional<Tenant>>> find_tenant(std::string id_or_name) override {
    return ask("find_tenant",
               [text = std::move(id_or_name)](SqlSession& session) { return TenantTable(session).find(text); });
  }
  Task<Result<ports::Page<Tenant>>> list_tenants(ports::PageRequest page) override {
    return ask("list_tenants",
               [page = std::move(page)](SqlSession& session) { return TenantTable(session).page(page); });
  }
  Task<Result<std::optional<ApiKey>>> find_key(KeyId id) override {
    return ask("find_key", [id](SqlSession& session) { return KeyTable(session).find(id); });
  }
  Task<Result<ports::Page<ApiKey>>> list_keys(std::optional<TenantId> tenant, ports::PageRequest page) override {
    return ask("list_keys",
               [tenant, page = std::move(page)](SqlSession& session) { return KeyTable(session).page(tenant, page); });
  }
  Task<Result<std::optional<Group>>> find_group(std::string id_or_name) override {
    return ask("find_group",
               [text = std::move(id_or_name)](SqlSession& session) { return GroupTable(session).find(text); });
  }
  Task<Result<ports::Page<Group>>> list_groups(ports::PageRequest page) override {
    return ask("list_groups", [page = std::move(page)](SqlSession& session) { return GroupTable(session).page(page); });
  }
  Task<Result<std::optional<Model>>> find_model(std::string id_or_name) override {
    return ask("find_model", [this, text = std::move(id_or_name)](SqlSession& session) {
      const Transaction one_moment(session, Transaction::Kind::read);
      return ModelTable(session, sealer_).find(text);
    });
  }
  Task<Result<ports::Page<Model>>> list_models(ports::PageRequest page) override {
    return ask("list_models", [this, page = std::move(page)](SqlSession& session) {
      const Transaction one_moment(session, Transaction::Kind::read);
      return ModelTable(session, sealer_).page(page);
    });
  }
  Task<Result<std::vector<Model>>> all_models() override {
    return ask("all_models", [this](SqlSession& session) {
      const Transaction one_moment(session, Transaction::Kind::read);
      return ModelTable(session, sealer_).all();
    });
  }
  Task<Result<std::optional<McpServer>>> find_mcp_server(std::string id_or_name) override {
    return ask("find_mcp_server", [this, text = std::move(id_or_name)](SqlSession& session) {
      return McpServerTable(session, sealer_).find(text);
    });
  }
  Task<Result<ports::Page<McpServer>>> list_mcp_servers(ports::PageRequest page) override {
    return ask("list_mcp_servers", [this, page = std::move(page)](SqlSession& session) {
      return McpServerTable(session, sealer_).page(page);
    });
  }
  Task<Result<std::vector<AdminToken>>> all_admin_tokens() override {
    return ask("all_admin_tokens", [](SqlSession& session) { return AdminTokenTable(session).all(); });
  }
  Task<Result<std::vector<std::pair<std::string, std::string>>>> all_settings() override {
    return ask("all_settings", [](SqlSession& session) { return SettingTable(session).all(); });
  }
  Task<Result<ports::Page<AuditEntry>>> list_audit(ports::AuditFilter filter) override {
    return ask("list_audit",
               [filter = std::move(filter)](SqlSession& session) { return AuditTable(session).page(filter); });
  }
  Task<Result<void>> keep_spending(std::vector<ports::SpendingCheckpoint> checkpoints) override {
    return ask("keep_spending", [checkpoints = std::move(checkpoints)](SqlSession& session) {
      SpendingCheckpointTable(session).keep(checkpoints);
    });
  }
  Task<Result<std::optional<ports::Spending>>> kept_spending(ports::SpendingAccount account,
                                                             WallTime term_begin) override {
    return ask("kept_spending", [account, term_begin](SqlSession& session) {
      return SpendingCheckpointTable(session).kept(account, term_begin);
    });
  }

 protected:
  template <class... DeskArguments>
  explicit SqlRecordStore(const ports::SecretSealer& sealer, DeskArguments&&... arguments)
      : sealer_(sealer), desk_(std::forward<DeskArguments>(arguments)...) {}

  template <class Work>
  auto ask(std::string_view operation, Work work) {
    return desk_.ask(std::move(work), operation);
  }

  const ports::SecretSealer& sealer_;
  Desk desk_;
};

}  // namespace obleth::adapters
