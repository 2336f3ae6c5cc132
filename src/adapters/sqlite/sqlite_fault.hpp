// What SQLite says went wrong, as a fault that says what to do.
#pragma once

#include <string>

struct sqlite3;

namespace obleth::adapters {

// SQLite's last error on this database (null: while it was being opened), thrown as StoreFailure.
[[noreturn]] void throw_sqlite_error(sqlite3* database, const std::string& path);

}  // namespace obleth::adapters
