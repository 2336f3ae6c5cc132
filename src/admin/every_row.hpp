// All rows of a list, page by page, for what looks at the whole record: export and prune. Any thread.
#pragma once

#include <iterator>
#include <utility>
#include <vector>

#include "admin/reply.hpp"
#include "base/task.hpp"
#include "ports/record_store.hpp"

namespace obleth::admin {

inline constexpr std::size_t rows_at_a_time = 500;

template <class Row>
using ListOf = Task<Result<ports::Page<Row>>> (ports::RecordStore::*)(ports::PageRequest);

// list: gives the page that it is asked for.
template <class Row, class List>
Task<Outcome<std::vector<Row>>> every_page(List list) {
  std::vector<Row> all;
  ports::PageRequest page{.limit = rows_at_a_time, .cursor = {}, .name_contains = {}};
  do {
    Result<ports::Page<Row>> rows = co_await list(page);
    if (!rows) co_return std::unexpected(refuse_fault(rows.error()));
    all.insert(all.end(), std::move_iterator(rows->rows.begin()), std::move_iterator(rows->rows.end()));
    page.cursor = std::move(rows->next_cursor);
  } while (!page.cursor.empty());
  co_return std::move(all);
}

template <class Row>
Task<Outcome<std::vector<Row>>> every_row(ports::RecordStore& store, ListOf<Row> list) {
  return every_page<Row>([&store, list](const ports::PageRequest& page) { return (store.*list)(page); });
}

inline Task<Outcome<std::vector<ApiKey>>> every_key(ports::RecordStore& store, TenantId tenant) {
  return every_page<ApiKey>([&store, tenant](const ports::PageRequest& page) { return store.list_keys(tenant, page); });
}

}  // namespace obleth::admin
