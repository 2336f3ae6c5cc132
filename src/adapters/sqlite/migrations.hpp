// The schema as numbered steps, each in a transaction of its own, forward only.
//
// Two processes may start at once: each step is taken under the write lock by whoever comes first. A database that a
// newer version has moved on is accepted as long as that version said the steps known here still suffice, so that
// replicas can be rolled; otherwise it is refused.
#pragma once

#include <cstdint>
#include <span>

#include "adapters/sqlite/connection.hpp"

namespace obleth::adapters {

struct Migration {
  std::int64_t number;         // 1, 2, 3, …
  std::int64_t oldest_reader;  // a program that knows only the steps up to this one can still work on the result
  const char* script;
};

// The record's own steps.
[[nodiscard]] std::span<const Migration> record_migrations();

// Brings the database up to the last of `known`. Throws StoreFailure when it is another program's, or too new.
void migrate(SqliteConnection& connection, std::span<const Migration> known);

}  // namespace obleth::adapters
