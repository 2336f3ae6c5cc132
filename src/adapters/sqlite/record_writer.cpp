#include "adapters/sqlite/record_writer.hpp"

#include <variant>

#include "adapters/sqlite/admin_token_table.hpp"
#include "adapters/sqlite/audit_table.hpp"
#include "adapters/sqlite/group_table.hpp"
#include "adapters/sqlite/key_table.hpp"
#include "adapters/sqlite/mcp_server_table.hpp"
#include "adapters/sqlite/model_table.hpp"
#include "adapters/sqlite/setting_table.hpp"
#include "adapters/sqlite/statement.hpp"
#include "adapters/sqlite/tenant_table.hpp"

namespace obleth::adapters {

void RecordWriter::operator()(const ports::PutTenant& write) const {
  TenantTable(connection_).put(write);
}
void RecordWriter::operator()(const ports::PutKey& write) const {
  KeyTable(connection_).put(write);
}
void RecordWriter::operator()(const ports::PutGroup& write) const {
  GroupTable(connection_).put(write);
}
void RecordWriter::operator()(const ports::PutModel& write) const {
  ModelTable(connection_, sealer_).put(write);
}
void RecordWriter::operator()(const ports::PutMcpServer& write) const {
  McpServerTable(connection_, sealer_).put(write);
}
void RecordWriter::operator()(const ports::PutAdminToken& write) const {
  AdminTokenTable(connection_).put(write);
}
void RecordWriter::operator()(const ports::PutSetting& write) const {
  SettingTable(connection_).put(write);
}
void RecordWriter::operator()(const ports::DeleteTenant& write) const {
  TenantTable(connection_).erase(write.id);
}
void RecordWriter::operator()(const ports::DeleteKey& write) const {
  KeyTable(connection_).erase(write.id);
}
void RecordWriter::operator()(const ports::DeleteGroup& write) const {
  GroupTable(connection_).erase(write.id);
}
void RecordWriter::operator()(const ports::DeleteModel& write) const {
  ModelTable(connection_, sealer_).erase(write.id);
}
void RecordWriter::operator()(const ports::DeleteMcpServer& write) const {
  McpServerTable(connection_, sealer_).erase(write.id);
}
void RecordWriter::operator()(const ports::DeleteAdminToken& write) const {
  AdminTokenTable(connection_).erase(write.id);
}

std::uint64_t commit_all(SqliteConnection& connection, const ports::SecretSealer& sealer,
                         const ports::Transaction& transaction) {
  Transaction all(connection, Transaction::Kind::write);
  const RecordWriter writer(connection, sealer);
  for (const ports::Write& write : transaction.writes)
    std::visit(writer, write);
  const AuditTable audit(connection);
  for (const AuditEntry& entry : transaction.audit)
    audit.add(entry);
  Statement(connection, "UPDATE meta SET value = value + 1 WHERE name = 'version'").run();
  const std::uint64_t version = configuration_version(connection);
  all.commit();
  return version;
}

std::uint64_t configuration_version(SqliteConnection& connection) {
  Statement ask(connection, "SELECT value FROM meta WHERE name = 'version'");
  return ask.step() ? static_cast<std::uint64_t>(Row(ask).integer()) : 0;
}

}  // namespace obleth::adapters
