#include "adapters/sqlite/migrations.hpp"

#include <string>

#include "adapters/sql/store_failure.hpp"
#include "adapters/sqlite/statement.hpp"

namespace obleth::adapters {
namespace {

constexpr std::int64_t our_mark = 0x6F626C74;  // "oblt", in the file's header: tells our files from others

std::int64_t ask_number(SqliteConnection& connection, const char* sql) {
  Statement ask(connection, sql);
  return ask.step() ? Row(ask).integer() : 0;
}

std::int64_t schema_number(SqliteConnection& connection) {
  return ask_number(connection, "PRAGMA user_version");
}

void refuse_foreign(SqliteConnection& connection) {
  // One view of the file: another process may be writing the first step just now.
  const Transaction view(connection, Transaction::Kind::read);
  if (ask_number(connection, "PRAGMA application_id") == our_mark) return;
  if (ask_number(connection, "SELECT count(*) FROM sqlite_schema") == 0) return;
  throw StoreFailure(store_fault(FaultKind::conflict, "the database belongs to another program"));
}

void refuse_too_new(SqliteConnection& connection, std::int64_t last_known) {
  const std::int64_t there = schema_number(connection);
  if (there <= last_known) return;
  if (ask_number(connection, "SELECT value FROM meta WHERE name = 'oldest_reader'") <= last_known) return;
  throw StoreFailure(store_fault(FaultKind::conflict, "the database was written by a newer obleth (schema " +
                                                          std::to_string(there) + ", this version knows " +
                                                          std::to_string(last_known) +
                                                          "): start that version, or restore a backup"));
}

void apply(SqliteConnection& connection, const Migration& migration) {
  Transaction transaction(connection, Transaction::Kind::write);
  // Another process may have taken this step, or more, while we waited for the lock.
  if (schema_number(connection) >= migration.number) return;
  connection.execute(migration.script);
  connection.execute(("PRAGMA application_id = " + std::to_string(our_mark)).c_str());
  connection.execute(("PRAGMA user_version = " + std::to_string(migration.number)).c_str());
  Statement note(connection, "UPDATE meta SET value = ? WHERE name = 'oldest_reader'");
  note.bind(migration.oldest_reader).run();
  transaction.commit();
}

}  // namespace

void migrate(SqliteConnection& connection, std::span<const Migration> known) {
  refuse_foreign(connection);
  for (const Migration& migration : known) {
    if (schema_number(connection) < migration.number) apply(connection, migration);
  }
  refuse_too_new(connection, known.back().number);
}

}  // namespace obleth::adapters
