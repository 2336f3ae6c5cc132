#include "adapters/sql/record_writer.hpp"

#include <variant>

#include "adapters/sql/admin_token_table.hpp"
#include "adapters/sql/audit_table.hpp"
#include "adapters/sql/group_table.hpp"
#include "adapters/sql/key_table.hpp"
#include "adapters/sql/mcp_server_table.hpp"
#include "adapters/sql/model_table.hpp"
#include "adapters/sql/query.hpp"
#include "adapters/sql/setting_table.hpp"
#include "adapters/sql/store_failure.hpp"
#include "adapters/sql/tenant_table.hpp"

namespace obleth::adapters {
namespace {

// Names change hands within a transaction, whatever the order of its writes: who is put lets go of its own first.
class NameRelease {
 public:
  NameRelease(SqlSession& session, const ports::SecretSealer& sealer) : session_(session), sealer_(sealer) {}

  void operator()(const ports::PutTenant& write) const { let_go("tenants", write.tenant); }
  void operator()(const ports::PutKey& write) const { let_go("keys", write.key); }
  void operator()(const ports::PutMcpServer& write) const { let_go("mcp_servers", write.server); }
  void operator()(const ports::PutGroup& write) const { GroupTable(session_).let_go_of_name(write.group); }
  void operator()(const ports::PutModel& write) const { ModelTable(session_, sealer_).let_go_of_names(write.model); }
  template <class Other>
  void operator()(const Other&) const {}

 private:
  template <class Record>
  void let_go(std::string_view table, const Record& next) const {
    RecordTable(session_, table, table).let_go_of_name(next.id.bits, next.name);
  }

  SqlSession& session_;
  const ports::SecretSealer& sealer_;
};

void write_all(SqlSession& session, const ports::SecretSealer& sealer, const ports::Transaction& transaction) {
  if (transaction.seen && *transaction.seen != configuration_version(session)) throw StoreFailure(ports::overtaken());
  if (transaction.writes.size() > 1) {
    const NameRelease release(session, sealer);
    for (const ports::Write& write : transaction.writes)
      std::visit(release, write);
  }
  const RecordWriter writer(session, sealer);
  for (const ports::Write& write : transaction.writes)
    std::visit(writer, write);
}

}  // namespace

void RecordWriter::operator()(const ports::PutTenant& write) const {
  TenantTable(session_).put(write);
}
void RecordWriter::operator()(const ports::PutKey& write) const {
  KeyTable(session_).put(write);
}
void RecordWriter::operator()(const ports::PutGroup& write) const {
  GroupTable(session_).put(write);
}
void RecordWriter::operator()(const ports::PutModel& write) const {
  ModelTable(session_, sealer_).put(write);
}
void RecordWriter::operator()(const ports::PutMcpServer& write) const {
  McpServerTable(session_, sealer_).put(write);
}
void RecordWriter::operator()(const ports::PutAdminToken& write) const {
  AdminTokenTable(session_).put(write);
}
void RecordWriter::operator()(const ports::PutSetting& write) const {
  SettingTable(session_).put(write);
}
void RecordWriter::operator()(const ports::DeleteTenant& write) const {
  TenantTable(session_).erase(write.id);
}
void RecordWriter::operator()(const ports::DeleteKey& write) const {
  KeyTable(session_).erase(write.id);
}
void RecordWriter::operator()(const ports::DeleteGroup& write) const {
  GroupTable(session_).erase(write.id);
}
void RecordWriter::operator()(const ports::DeleteModel& write) const {
  ModelTable(session_, sealer_).erase(write.id);
}
void RecordWriter::operator()(const ports::DeleteMcpServer& write) const {
  McpServerTable(session_, sealer_).erase(write.id);
}
void RecordWriter::operator()(const ports::DeleteAdminToken& write) const {
  AdminTokenTable(session_).erase(write.id);
}

std::uint64_t commit_all(SqlSession& session, const ports::SecretSealer& sealer,
                         const ports::Transaction& transaction) {
  Transaction all(session, Transaction::Kind::write);
  write_all(session, sealer, transaction);
  const AuditTable audit(session);
  for (const AuditEntry& entry : transaction.audit)
    audit.add(entry);
  if (transaction.writes.empty()) {
    // Records of calls change no configuration, and there may be many of them.
    if (!transaction.audit.empty()) audit.forget_calls(transaction.audit.back().at);
  } else {
    Query(session, "UPDATE meta SET value = value + 1 WHERE name = 'version'").run();
  }
  const std::uint64_t version = configuration_version(session);
  all.commit();
  return version;
}

void rehearse_all(SqlSession& session, const ports::SecretSealer& sealer, const ports::Transaction& transaction) {
  const Transaction never_committed(session, Transaction::Kind::write);
  write_all(session, sealer, transaction);
}

std::uint64_t configuration_version(SqlSession& session) {
  Query ask(session, "SELECT value FROM meta WHERE name = 'version'");
  return ask.step() ? static_cast<std::uint64_t>(QueryRow(ask).integer()) : 0;
}

void note_uses(SqlSession& session, std::span<const std::pair<KeyId, WallTime>> uses) {
  Transaction all(session, Transaction::Kind::write);
  for (const auto& [key, at] : uses)
    KeyTable(session).note_use(key, at);
  all.commit();
}

void renew(SqlSession& session, std::span<const ports::RenewedHash> hashes) {
  Transaction all(session, Transaction::Kind::write);
  for (const ports::RenewedHash& renewed : hashes)
    KeyTable(session).renew_hash(renewed);
  all.commit();
}

}  // namespace obleth::adapters
