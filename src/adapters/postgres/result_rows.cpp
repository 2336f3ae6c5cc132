#include "adapters/postgres/result_rows.hpp"

namespace obleth::adapters {

bool ResultRows::is_null(int column) const {
  return PQgetisnull(result_.get(), row_, column) != 0;
}

std::span<const std::uint8_t> ResultRows::bytes(int column) const {
  const auto* first = reinterpret_cast<const std::uint8_t*>(PQgetvalue(result_.get(), row_, column));
  return {first, static_cast<std::size_t>(PQgetlength(result_.get(), row_, column))};
}

std::string_view ResultRows::text(int column) const {
  const auto raw = bytes(column);
  return {reinterpret_cast<const char*>(raw.data()), raw.size()};
}

// Big-endian two's complement of as many bytes as the column has.
std::int64_t ResultRows::integer(int column) const {
  const auto raw = bytes(column);
  if (raw.empty()) return 0;
  std::uint64_t value = (raw.front() & 0x80U) != 0 ? ~0ULL : 0ULL;
  for (const std::uint8_t byte : raw)
    value = value << 8 | byte;
  return static_cast<std::int64_t>(value);
}

}  // namespace obleth::adapters
