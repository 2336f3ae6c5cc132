#include "adapters/sqlite/sqlite_fault.hpp"

#include <sqlite3.h>

#include "adapters/sql/store_failure.hpp"

namespace obleth::adapters {
namespace {

constexpr int primary_code_mask = 0xFF;  // the low byte of an extended code

Fault constraint_fault(int extended_code, const std::string& detail) {
  if (extended_code == SQLITE_CONSTRAINT_FOREIGNKEY) {
    return client_fault(FaultKind::conflict, "the change names a record that does not exist, or one that others need");
  }
  return client_fault(FaultKind::conflict, "the change does not fit the record: " + detail);
}

Fault fault_of(int extended_code, const std::string& detail, const std::string& path) {
  const std::string where = "the database " + path;
  switch (extended_code & primary_code_mask) {
    case SQLITE_CONSTRAINT:
      return constraint_fault(extended_code, detail);
    case SQLITE_FULL:
      return store_fault(FaultKind::exhausted, where + " cannot grow: the disk is full. Free space, then try again");
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return store_fault(FaultKind::unavailable, where + " is read-only: let this user write to it and to its folder");
    case SQLITE_CANTOPEN:
      return store_fault(FaultKind::unavailable,
                         where + " cannot be opened: the folder must exist and this user must be able to write there");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return store_fault(FaultKind::unavailable, where + " is locked by another process");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return store_fault(FaultKind::broken, where + " is damaged or no database (" + detail + "): restore a backup");
    case SQLITE_NOMEM:
      return store_fault(FaultKind::exhausted, "no memory for a query on " + where);
    case SQLITE_IOERR:
      return store_fault(FaultKind::unavailable, where + " cannot be read or written: " + detail);
    case SQLITE_TOOBIG:
      return client_fault(FaultKind::too_large, "a value is too large to be stored");
    default:
      return store_fault(FaultKind::internal, where + ": " + detail);
  }
}

}  // namespace

void throw_sqlite_error(sqlite3* database, const std::string& path) {
  if (database == nullptr) throw StoreFailure(fault_of(SQLITE_NOMEM, "", path));
  throw StoreFailure(fault_of(sqlite3_extended_errcode(database), sqlite3_errmsg(database), path));
}

}  // namespace obleth::adapters
