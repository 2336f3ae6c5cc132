#include "adapters/sqlite/backup.hpp"

#include <sqlite3.h>

#include <filesystem>
#include <memory>
#include <system_error>

#include "adapters/sql/store_failure.hpp"
#include "adapters/sqlite/connection_desk.hpp"
#include "adapters/sqlite/sqlite_fault.hpp"

namespace obleth::adapters {
namespace {

constexpr int lock_wait_ms = 10'000;
constexpr int all_pages = -1;

struct Close {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
using Database = std::unique_ptr<sqlite3, Close>;

Database open(const std::string& path, int flags) {
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &opened, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  Database database(opened);
  if (code != SQLITE_OK) throw_sqlite_error(database.get(), path);
  sqlite3_extended_result_codes(database.get(), 1);
  sqlite3_busy_timeout(database.get(), lock_wait_ms);
  return database;
}

// All pages in one step: in WAL mode the one read transaction that this takes holds up no writer.
void copy_pages(sqlite3* source, const std::string& from, sqlite3* target, const std::string& to) {
  sqlite3_backup* const backup = sqlite3_backup_init(target, "main", source, "main");
  if (backup == nullptr) throw_sqlite_error(target, to);
  const int code = sqlite3_backup_step(backup, all_pages);
  const int ended = sqlite3_backup_finish(backup);
  if (code == SQLITE_DONE && ended == SQLITE_OK) return;
  // The target has the code of whatever went wrong on either side.
  if (sqlite3_errcode(target) != SQLITE_OK) throw_sqlite_error(target, to);
  throw_sqlite_error(source, from);
}

void copy(const std::string& from, const std::string& to) {
  const std::string unfinished = to + ".part";
  std::error_code ignored;
  std::filesystem::remove(unfinished, ignored);
  const Database source = open(from, SQLITE_OPEN_READONLY);
  {
    const Database target = open(unfinished, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    const auto owner_only = std::filesystem::perms::owner_read | std::filesystem::perms::owner_write;
    std::filesystem::permissions(unfinished, owner_only, ignored);
    copy_pages(source.get(), from, target.get(), unfinished);
  }
  std::filesystem::rename(unfinished, to);
}

}  // namespace

Result<void> copy_database(const std::string& from, const std::string& to) {
  std::error_code ignored;
  if (std::filesystem::exists(to, ignored))
    return fail(store_fault(FaultKind::conflict, to + " exists already: name another folder, or take it away"));
  try {
    copy(from, to);
    return {};
  } catch (...) {
    const Fault fault = fault_of_thrown(std::current_exception());
    std::filesystem::remove(to + ".part", ignored);
    return fail(fault);
  }
}

}  // namespace obleth::adapters
