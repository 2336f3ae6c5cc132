// Which rows are a tenant's: for each delivery and minute of it one posting, the places of its rows with their keys and
// kinds. A few bytes a row, without a tree of their own.
//
// Postings of one minute may overlap, those of different minutes never do. Thread: the writing connection's.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "adapters/sqlite/arriving_row.hpp"
#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/usage_schema.hpp"
#include "base/varint.hpp"

namespace obleth::adapters {

inline constexpr std::int64_t places_per_minute = 60'000 * places_per_ms;

// Of those rows that are new. They come in the order of their places.
void write_tenant_rows(SqliteConnection& connection, std::span<const ArrivingRow> rows);

// An entry: how far the row's place is from the one before, or from the posting's first, its key and its kind.
void add_posting_entry(std::int64_t places_further, std::int64_t key, std::int64_t kind, std::string& posting);

struct PostedRow {
  std::int64_t place = 0;
  std::int64_t key = 0;
  std::int64_t kind = 0;
};

// Calls visit(PostedRow) for each. False: the bytes are something else.
template <class Visit>
[[nodiscard]] bool visit_posting(std::int64_t first, std::span<const std::uint8_t> posting, Visit visit) {
  VarintReader reader(posting);
  PostedRow row{.place = first};
  while (!reader.is_over()) {
    row.place += static_cast<std::int64_t>(reader.next());
    row.key = static_cast<std::int64_t>(reader.next());
    row.kind = static_cast<std::int64_t>(reader.next());
    if (!reader.is_whole()) return false;
    visit(row);
  }
  return true;
}

}  // namespace obleth::adapters
