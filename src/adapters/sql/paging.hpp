// Keyset paging: a page starts after a row's (time, id), so rows that come or go meanwhile shift nothing.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "adapters/sql/query.hpp"
#include "ports/record_store.hpp"

namespace obleth::adapters {

inline constexpr std::size_t page_rows_max = 500;

// The place after which a page starts.
struct PageStart {
  WallTime at{std::numeric_limits<std::int64_t>::min()};
  Bits128 id;
};

// An empty cursor is `beginning`; throws StoreFailure for text that no page gave.
[[nodiscard]] PageStart start_of(std::string_view cursor, PageStart beginning = {});
[[nodiscard]] std::string cursor_after(PageStart last);

[[nodiscard]] inline std::size_t rows_of(const ports::PageRequest& page) {
  return std::clamp<std::size_t>(page.limit, 1, page_rows_max);
}

// The statement asks for one row more than the page holds: its presence says that there is a next page.
template <class T, class Read, class Place>
[[nodiscard]] ports::Page<T> read_page(Query& list, std::size_t rows_max, Read read, Place place_of) {
  ports::Page<T> page;
  while (list.step()) {
    if (page.rows.size() == rows_max) {
      page.next_cursor = cursor_after(place_of(page.rows.back()));
      break;
    }
    QueryRow row(list);
    page.rows.push_back(read(row));
  }
  return page;
}

// Rows in the order in which they were made.
template <class T, class Read>
[[nodiscard]] ports::Page<T> read_page(Query& list, std::size_t rows_max, Read read) {
  return read_page<T>(list, rows_max, read, [](const T& row) { return PageStart{row.created_at, row.id.bits}; });
}

}  // namespace obleth::adapters
