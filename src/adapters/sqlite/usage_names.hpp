// Between what a question names and the numbers of the ledger's tables. Thread: the connection's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/statement.hpp"
#include "ports/usage_ledger.hpp"

namespace obleth::adapters {

// What a scope asks for, in numbers; those that are absent let everything pass.
struct ScopeNumbers {
  std::int64_t begin_ms = 0;  // of what is kept
  std::int64_t end_ms = 0;
  std::optional<std::int64_t> tenant;  // a key's, too, where only the key was named
  std::optional<std::int64_t> key;
  std::optional<std::int64_t> model;
  std::optional<std::int64_t> group;
};

// Nothing: the ledger has never heard one of the names, so no row fits.
[[nodiscard]] std::optional<ScopeNumbers> numbers_of(SqliteConnection& connection, const ports::UsageScope& scope);
[[nodiscard]] std::int64_t tenant_of_key(SqliteConnection& connection, std::int64_t key);
[[nodiscard]] std::optional<std::int64_t> number_of_word(SqliteConnection& connection, const std::string& word);
[[nodiscard]] std::string word_of(SqliteConnection& connection, std::int64_t number);

[[nodiscard]] ports::UsageGroup group_of(SqliteConnection& connection, ports::UsageDimension by, std::int64_t number);
// Of meta; 0 where it has none.
[[nodiscard]] std::int64_t meta_value(SqliteConnection& connection, const char* name);

}  // namespace obleth::adapters
