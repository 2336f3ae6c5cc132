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

template <class Row>
void take_rows(std::vector<Row>& all, ports::PageRequest& page, ports::Page<Row>& rows) {
  all.insert(all.end(), std::move_iterator(rows.rows.begin()), std::move_iterator(rows.rows.end()));
  page.cursor = std::move(rows.next_cursor);
}

template <class Row>
Task<Outcome<std::vector<Row>>> every_row(ports::RecordStore& store, ListOf<Row> list) {
  std::vector<Row> all;
  ports::PageRequest page{.limit = rows_at_a_time, .cursor = {}, .name_contains = {}};
  do {
    Result<ports::Page<Row>> rows = co_await (store.*list)(page);
    if (!rows) co_return std::unexpected(refuse_fault(rows.error()));
    take_rows(all, page, *rows);
  } while (!page.cursor.empty());
  co_return std::move(all);
}

inline Task<Outcome<std::vector<ApiKey>>> every_key(ports::RecordStore& store, TenantId tenant) {
  std::vector<ApiKey> all;
  ports::PageRequest page{.limit = rows_at_a_time, .cursor = {}, .name_contains = {}};
  do {
    Result<ports::Page<ApiKey>> rows = co_await store.list_keys(tenant, page);
    if (!rows) co_return std::unexpected(refuse_fault(rows.error()));
    take_rows(all, page, *rows);
  } while (!page.cursor.empty());
  co_return std::move(all);
}

}  // namespace obleth::admin
