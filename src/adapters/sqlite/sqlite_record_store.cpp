#include "adapters/sqlite/sqlite_record_store.hpp"

#include <exception>
#include <utility>

#include "adapters/sqlite/admin_token_table.hpp"
#include "adapters/sqlite/audit_table.hpp"
#include "adapters/sqlite/group_table.hpp"
#include "adapters/sqlite/key_table.hpp"
#include "adapters/sqlite/mcp_server_table.hpp"
#include "adapters/sqlite/migrations.hpp"
#include "adapters/sqlite/model_table.hpp"
#include "adapters/sqlite/record_writer.hpp"
#include "adapters/sqlite/resealing.hpp"
#include "adapters/sqlite/setting_table.hpp"
#include "adapters/sqlite/tenant_table.hpp"
#include "observe/log.hpp"

namespace obleth::adapters {
namespace {

std::optional<ResolvedKey> resolve(SqliteConnection& connection, const SecretHash& hash, WallTime now) {
  const Transaction one_moment(connection, Transaction::Kind::read);
  auto key = KeyTable(connection).find(hash, now);
  if (!key) return std::nullopt;
  auto tenant = TenantTable(connection).find(key->tenant);
  if (!tenant) return std::nullopt;
  auto group = GroupTable(connection).find(tenant->group);
  if (!group) return std::nullopt;
  return ResolvedKey{std::move(*key), std::move(*tenant), std::move(*group)};
}

}  // namespace

SqliteRecordStore::SqliteRecordStore(DatabaseFile file, const ports::SecretSealer& sealer)
    : sealer_(sealer), desk_(std::move(file), queue_max) {
  migrate(desk_.connection(), record_migrations());
  const std::size_t resealed = reseal_credentials(desk_.connection(), sealer_);
  if (resealed > 0) {
    observe::log(observe::LogLevel::info, "stored credentials were sealed anew: the former key can be dropped",
                 {{"credentials", static_cast<std::int64_t>(resealed)}});
  }
}

Result<std::unique_ptr<SqliteRecordStore>> SqliteRecordStore::open(DatabaseFile file,
                                                                   const ports::SecretSealer& sealer) {
  try {
    return std::unique_ptr<SqliteRecordStore>(new SqliteRecordStore(std::move(file), sealer));
  } catch (...) {
    return fail(fault_of_thrown(std::current_exception()));
  }
}

Task<Result<std::uint64_t>> SqliteRecordStore::commit(ports::Transaction transaction) {
  return ask("commit", [this, transaction = std::move(transaction)](SqliteConnection& connection) {
    return commit_all(connection, sealer_, transaction);
  });
}

Task<Result<std::uint64_t>> SqliteRecordStore::version() {
  return ask("version", [](SqliteConnection& connection) { return configuration_version(connection); });
}

Task<Result<std::optional<ResolvedKey>>> SqliteRecordStore::resolve_key(const SecretHash& hash, WallTime now) {
  return ask("resolve_key", [hash, now](SqliteConnection& connection) { return resolve(connection, hash, now); });
}

Task<Result<void>> SqliteRecordStore::note_key_uses(std::vector<std::pair<KeyId, WallTime>> uses) {
  return ask("note_key_uses", [uses = std::move(uses)](SqliteConnection& connection) {
    Transaction all(connection, Transaction::Kind::write);
    for (const auto& [key, at] : uses)
      KeyTable(connection).note_use(key, at);
    all.commit();
  });
}

Task<Result<void>> SqliteRecordStore::renew_key_hashes(std::vector<ports::RenewedHash> hashes) {
  return ask("renew_key_hashes", [hashes = std::move(hashes)](SqliteConnection& connection) {
    Transaction all(connection, Transaction::Kind::write);
    for (const ports::RenewedHash& renewed : hashes)
      KeyTable(connection).renew_hash(renewed);
    all.commit();
  });
}

Task<Result<std::optional<Tenant>>> SqliteRecordStore::find_tenant(std::string id_or_name) {
  return ask("find_tenant", [text = std::move(id_or_name)](SqliteConnection& connection) {
    return TenantTable(connection).find(text);
  });
}

Task<Result<ports::Page<Tenant>>> SqliteRecordStore::list_tenants(ports::PageRequest page) {
  return ask("list_tenants",
             [page = std::move(page)](SqliteConnection& connection) { return TenantTable(connection).page(page); });
}

Task<Result<std::optional<ApiKey>>> SqliteRecordStore::find_key(KeyId id) {
  return ask("find_key", [id](SqliteConnection& connection) { return KeyTable(connection).find(id); });
}

Task<Result<ports::Page<ApiKey>>> SqliteRecordStore::list_keys(std::optional<TenantId> tenant,
                                                               ports::PageRequest page) {
  return ask("list_keys", [tenant, page = std::move(page)](SqliteConnection& connection) {
    return KeyTable(connection).page(tenant, page);
  });
}

Task<Result<std::optional<Group>>> SqliteRecordStore::find_group(std::string id_or_name) {
  return ask("find_group", [text = std::move(id_or_name)](SqliteConnection& connection) {
    return GroupTable(connection).find(text);
  });
}

Task<Result<ports::Page<Group>>> SqliteRecordStore::list_groups(ports::PageRequest page) {
  return ask("list_groups",
             [page = std::move(page)](SqliteConnection& connection) { return GroupTable(connection).page(page); });
}

Task<Result<std::optional<Model>>> SqliteRecordStore::find_model(std::string id_or_name) {
  return ask("find_model", [this, text = std::move(id_or_name)](SqliteConnection& connection) {
    const Transaction one_moment(connection, Transaction::Kind::read);
    return ModelTable(connection, sealer_).find(text);
  });
}

Task<Result<ports::Page<Model>>> SqliteRecordStore::list_models(ports::PageRequest page) {
  return ask("list_models", [this, page = std::move(page)](SqliteConnection& connection) {
    const Transaction one_moment(connection, Transaction::Kind::read);
    return ModelTable(connection, sealer_).page(page);
  });
}

Task<Result<std::vector<Model>>> SqliteRecordStore::all_models() {
  return ask("all_models", [this](SqliteConnection& connection) {
    const Transaction one_moment(connection, Transaction::Kind::read);
    return ModelTable(connection, sealer_).all();
  });
}

Task<Result<std::optional<McpServer>>> SqliteRecordStore::find_mcp_server(std::string id_or_name) {
  return ask("find_mcp_server", [this, text = std::move(id_or_name)](SqliteConnection& connection) {
    return McpServerTable(connection, sealer_).find(text);
  });
}

Task<Result<ports::Page<McpServer>>> SqliteRecordStore::list_mcp_servers(ports::PageRequest page) {
  return ask("list_mcp_servers", [this, page = std::move(page)](SqliteConnection& connection) {
    return McpServerTable(connection, sealer_).page(page);
  });
}

Task<Result<std::vector<AdminToken>>> SqliteRecordStore::all_admin_tokens() {
  return ask("all_admin_tokens", [](SqliteConnection& connection) { return AdminTokenTable(connection).all(); });
}

Task<Result<std::vector<std::pair<std::string, std::string>>>> SqliteRecordStore::all_settings() {
  return ask("all_settings", [](SqliteConnection& connection) { return SettingTable(connection).all(); });
}

Task<Result<ports::Page<AuditEntry>>> SqliteRecordStore::list_audit(ports::AuditFilter filter) {
  return ask("list_audit", [filter = std::move(filter)](SqliteConnection& connection) {
    return AuditTable(connection).page(filter);
  });
}

}  // namespace obleth::adapters
