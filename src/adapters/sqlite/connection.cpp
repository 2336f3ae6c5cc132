#include "adapters/sqlite/connection.hpp"

#include <chrono>
#include <filesystem>
#include <system_error>
#include <thread>
#include <utility>

#include "adapters/sqlite/sqlite_fault.hpp"
#include "adapters/sqlite/statement.hpp"
#include "adapters/sqlite/statement_rows.hpp"

namespace obleth::adapters {

namespace {

// SQLite counts its allocations under one lock of the process, for statistics that nobody reads.
void leave_memory_uncounted() {
  [[maybe_unused]] static const int once = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

}  // namespace

SqliteConnection::SqliteConnection(DatabaseFile file) : file_(std::move(file)) {
  leave_memory_uncounted();
  std::error_code ignored;
  const bool is_new = !std::filesystem::exists(file_.path, ignored);
  open();
  sqlite3_extended_result_codes(database_.get(), 1);
  sqlite3_busy_timeout(database_.get(), file_.lock_wait_ms);
  switch_to_wal();
  execute("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;");
  bound_size();
  // The log beside it takes over the file's own permissions.
  const auto owner_only = std::filesystem::perms::owner_read | std::filesystem::perms::owner_write;
  if (is_new) std::filesystem::permissions(file_.path, owner_only, ignored);
}

void SqliteConnection::open() {
  // One thread at a time by our own lock, so SQLite's is not needed.
  constexpr int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(file_.path.c_str(), &opened, flags, nullptr);
  database_.reset(opened);
  if (code != SQLITE_OK) fail();
}

// Two processes that both make the switch can meet in a way that SQLite answers at once, whatever its timeout is.
void SqliteConnection::switch_to_wal() {
  constexpr std::chrono::milliseconds pause{5};
  for (std::chrono::milliseconds waited{0};; waited += pause) {
    const int code = sqlite3_exec(database_.get(), "PRAGMA journal_mode = WAL", nullptr, nullptr, nullptr);
    if (code == SQLITE_OK) return;
    if ((code & 0xFF) != SQLITE_BUSY || waited.count() >= file_.lock_wait_ms) fail();
    std::this_thread::sleep_for(pause);
  }
}

void SqliteConnection::bound_size() {
  if (file_.bytes_max == 0) return;
  std::int64_t page_bytes = 0;
  {
    Statement ask(*this, "PRAGMA page_size");
    ask.step();
    page_bytes = Row(ask).integer();
  }
  execute(("PRAGMA max_page_count = " + std::to_string(file_.bytes_max / page_bytes)).c_str());
}

sqlite3_stmt* SqliteConnection::prepared(std::string_view sql) {
  if (const auto known = statements_.find(sql); known != statements_.end()) return known->second.get();
  sqlite3_stmt* statement = nullptr;
  const int length = static_cast<int>(sql.size());
  if (sqlite3_prepare_v3(database_.get(), sql.data(), length, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) !=
      SQLITE_OK) {
    fail();
  }
  return statements_.emplace(sql, statement).first->second.get();
}

void SqliteConnection::execute(const char* script) {
  if (sqlite3_exec(database_.get(), script, nullptr, nullptr, nullptr) != SQLITE_OK) fail();
}

std::int64_t SqliteConnection::rows_changed() const {
  return sqlite3_changes64(database_.get());
}

void SqliteConnection::fail() const {
  throw_sqlite_error(database_.get(), file_.path);
}

void SqliteConnection::begin(TransactionKind kind) {
  execute(kind == TransactionKind::write ? "BEGIN IMMEDIATE" : "BEGIN");
}

void SqliteConnection::commit() {
  execute("COMMIT");
}

void SqliteConnection::roll_back() noexcept {
  // A full disk or a failed write may have rolled back already.
  if (sqlite3_get_autocommit(database_.get()) != 0) return;
  // Where this fails, the journal undoes it when the database is opened next; the fault that led here is on its way.
  sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

std::unique_ptr<SqlRows> SqliteConnection::ask(std::string_view sql, std::span<const SqlValue> values) {
  return std::make_unique<StatementRows>(*this, sql, values);
}

}  // namespace obleth::adapters
