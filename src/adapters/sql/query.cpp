#include "adapters/sql/query.hpp"

#include <algorithm>

#include "adapters/sql/store_failure.hpp"

namespace obleth::adapters {
namespace {

constexpr std::size_t id_bytes = 16;
constexpr std::size_t half_bytes = 8;

// The database is open to other programs: a value of another size is theirs, not a broken invariant of ours.
std::span<const std::uint8_t> bytes_of_size(const SqlRows& rows, int column, std::size_t size) {
  const std::span<const std::uint8_t> bytes = rows.bytes(column);
  if (bytes.size() != size) {
    throw StoreFailure(store_fault(FaultKind::broken, "the database holds a value of the wrong size"));
  }
  return bytes;
}

}  // namespace

Query& Query::bind(const Bits128& id) {
  SqlBytes bytes(id_bytes);
  for (std::size_t at = 0; at < half_bytes; ++at) {
    const std::size_t shift = 56 - 8 * at;
    bytes[at] = static_cast<std::uint8_t>(id.high >> shift);
    bytes[half_bytes + at] = static_cast<std::uint8_t>(id.low >> shift);
  }
  return bind_value(std::move(bytes));
}

bool Query::step() {
  if (!rows_) rows_ = session_.ask(sql_, values_);
  return rows_->next();
}

SecretHash QueryRow::hash() {
  SecretHash hash;
  std::ranges::copy(bytes_of_size(rows_, next_++, hash.bytes.size()), hash.bytes.begin());
  return hash;
}

Bits128 QueryRow::bits() {
  Bits128 id;
  const auto bytes = bytes_of_size(rows_, next_++, id_bytes);
  for (std::size_t at = 0; at < half_bytes; ++at) {
    id.high = id.high << 8 | bytes[at];
    id.low = id.low << 8 | bytes[half_bytes + at];
  }
  return id;
}

bool QueryRow::skip_null() {
  if (!rows_.is_null(next_)) return false;
  ++next_;
  return true;
}

}  // namespace obleth::adapters
