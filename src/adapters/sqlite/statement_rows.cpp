#include "adapters/sqlite/statement_rows.hpp"

#include <optional>
#include <variant>

namespace obleth::adapters {

StatementRows::StatementRows(SqliteConnection& connection, std::string_view sql, std::span<const SqlValue> values)
    : statement_(connection, sql) {
  for (const SqlValue& value : values)
    bind(value);
}

void StatementRows::bind(const SqlValue& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    statement_.bind(*number);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    statement_.bind(std::string_view(*text));
  } else if (const auto* bytes = std::get_if<SqlBytes>(&value)) {
    statement_.bind(std::span<const std::uint8_t>(*bytes));
  } else {
    statement_.bind(std::optional<std::int64_t>());
  }
}

bool StatementRows::is_null(int column) const {
  return sqlite3_column_type(statement_.handle(), column) == SQLITE_NULL;
}

std::int64_t StatementRows::integer(int column) const {
  return sqlite3_column_int64(statement_.handle(), column);
}

std::string_view StatementRows::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_.handle(), column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.handle(), column));
  return bytes == nullptr ? std::string_view() : std::string_view(bytes, size);
}

std::span<const std::uint8_t> StatementRows::bytes(int column) const {
  const auto* bytes = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_.handle(), column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.handle(), column));
  return {bytes, bytes == nullptr ? 0 : size};
}

}  // namespace obleth::adapters
