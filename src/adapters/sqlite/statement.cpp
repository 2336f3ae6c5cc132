#include "adapters/sqlite/statement.hpp"

#include <algorithm>
#include <array>

#include "adapters/sql/store_failure.hpp"

namespace obleth::adapters {
namespace {

constexpr std::size_t half_bytes = id_bytes / 2;

// The database is open to other programs: a value of another size is theirs, not a broken invariant of ours.
std::span<const std::uint8_t> blob_of(sqlite3_stmt* statement, int column, std::size_t size) {
  const auto* bytes = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement, column));
  if (static_cast<std::size_t>(sqlite3_column_bytes(statement, column)) != size) {
    throw StoreFailure(store_fault(FaultKind::broken, "the database holds a value of the wrong size"));
  }
  return {bytes, size};
}

}  // namespace

std::array<std::uint8_t, id_bytes> bytes_of(const Bits128& id) {
  std::array<std::uint8_t, id_bytes> bytes{};
  for (std::size_t at = 0; at < half_bytes; ++at) {
    const std::size_t shift = 56 - 8 * at;
    bytes[at] = static_cast<std::uint8_t>(id.high >> shift);
    bytes[half_bytes + at] = static_cast<std::uint8_t>(id.low >> shift);
  }
  return bytes;
}

Statement::Statement(SqliteConnection& connection, std::string_view sql)
    : connection_(connection), statement_(connection.prepared(sql)) {}

Statement::~Statement() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

Statement& Statement::checked(int code) {
  if (code != SQLITE_OK) connection_.fail();
  return *this;
}

Statement& Statement::bind(std::string_view text) {
  // An empty view may hold a null pointer, which SQLite would take for NULL.
  const char* bytes = text.empty() ? "" : text.data();
  return checked(sqlite3_bind_text64(statement_, ++bound_, bytes, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}

Statement& Statement::bind(std::span<const std::uint8_t> blob) {
  // The same for an empty span.
  const void* bytes = blob.empty() ? static_cast<const void*>("") : blob.data();
  return checked(sqlite3_bind_blob64(statement_, ++bound_, bytes, blob.size(), SQLITE_TRANSIENT));
}

Statement& Statement::bind(const Bits128& id) {
  const auto bytes = bytes_of(id);
  return bind(std::span<const std::uint8_t>(bytes));
}

Statement& Statement::bind_integer(std::int64_t value) {
  return checked(sqlite3_bind_int64(statement_, ++bound_, value));
}

Statement& Statement::bind_null() {
  return checked(sqlite3_bind_null(statement_, ++bound_));
}

bool Statement::step() {
  const int code = sqlite3_step(statement_);
  if (code != SQLITE_ROW && code != SQLITE_DONE) connection_.fail();
  return code == SQLITE_ROW;
}

void Statement::again() {
  sqlite3_reset(statement_);
  bound_ = 0;
}

std::string_view Row::text_view() {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, next_));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, next_));
  ++next_;
  return bytes == nullptr ? std::string_view() : std::string_view(bytes, size);
}

SecretHash Row::hash() {
  SecretHash hash;
  std::ranges::copy(blob_of(statement_, next_++, hash.bytes.size()), hash.bytes.begin());
  return hash;
}

Bits128 Row::bits() {
  Bits128 id;
  const auto bytes = blob_of(statement_, next_++, id_bytes);
  for (std::size_t at = 0; at < half_bytes; ++at) {
    id.high = id.high << 8 | bytes[at];
    id.low = id.low << 8 | bytes[half_bytes + at];
  }
  return id;
}

std::span<const std::uint8_t> Row::blob() {
  const auto* bytes = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_, next_));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, next_));
  ++next_;
  return {bytes, size};
}

bool Row::skip_null() {
  if (sqlite3_column_type(statement_, next_) != SQLITE_NULL) return false;
  ++next_;
  return true;
}

}  // namespace obleth::adapters
