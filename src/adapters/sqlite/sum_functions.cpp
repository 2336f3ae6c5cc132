#include "adapters/sqlite/sum_functions.hpp"

#include <span>

#include "adapters/sqlite/rolled_up.hpp"
#include "adapters/sqlite/sql_function.hpp"
#include "adapters/sqlite/usage_sum_columns.hpp"
#include "domain/duration_sketch.hpp"

namespace obleth::adapters {
namespace {

std::span<const std::uint8_t> bytes_of(sqlite3_value* value) {
  const auto* bytes = static_cast<const std::uint8_t*>(sqlite3_value_blob(value));
  return {bytes, static_cast<std::size_t>(sqlite3_value_bytes(value))};
}

void give(sqlite3_context* call, const DurationSketch& sketch) {
  const auto bytes = sketch.encoded();
  // A null pointer would be NULL, not the empty sketch.
  const void* first = bytes.empty() ? static_cast<const void*>("") : bytes.data();
  sqlite3_result_blob64(call, first, bytes.size(), SQLITE_TRANSIENT);
}

void give(sqlite3_context* call, const RolledUp& sum) {
  const std::string bytes = packed(sum);
  sqlite3_result_blob64(call, bytes.data(), bytes.size(), SQLITE_TRANSIENT);
}

void merge(sqlite3_context* call, int, sqlite3_value** values) {
  guarded(call, [&] {
    RolledUp sum;
    for (sqlite3_value* value : {values[0], values[1]})
      if (!add_packed(sum, bytes_of(value), Durations::added)) return sqlite3_result_error_code(call, SQLITE_CORRUPT);
    give(call, sum);
  });
}

void pack(sqlite3_context* call, int, sqlite3_value** values) {
  guarded(call, [&] {
    RolledUp sum;
    for (const SumColumn& column : sum_columns)
      column.of(sum.sums) = sqlite3_value_int64(*values++);
    if (!sum.durations.add_encoded(bytes_of(*values))) return sqlite3_result_error_code(call, SQLITE_CORRUPT);
    give(call, sum);
  });
}

// SQLite gives zeroed memory for a pointer to the sum, which is made by the first row.
DurationSketch** sum_of(sqlite3_context* call, int bytes) {
  return static_cast<DurationSketch**>(sqlite3_aggregate_context(call, bytes));
}

void sum_step(sqlite3_context* call, int, sqlite3_value** values) {
  guarded(call, [&] {
    DurationSketch** sum = sum_of(call, sizeof(DurationSketch*));
    if (sum == nullptr) return sqlite3_result_error_nomem(call);
    if (*sum == nullptr) *sum = new DurationSketch();
    if (!(*sum)->add_encoded(bytes_of(values[0]))) sqlite3_result_error_code(call, SQLITE_CORRUPT);
  });
}

void sum_end(sqlite3_context* call) {
  guarded(call, [&] {
    DurationSketch** sum = sum_of(call, 0);
    if (sum == nullptr || *sum == nullptr) return give(call, DurationSketch());
    const std::unique_ptr<DurationSketch> owned(*sum);
    give(call, *owned);
  });
}

}  // namespace

void define_sum_functions(SqliteConnection& connection) {
  sqlite3* const database = connection.handle();
  const auto checked = [&](int code) {
    if (code != SQLITE_OK) connection.fail();
  };
  checked(
      sqlite3_create_function_v2(database, "merge_sums", 2, pure_function, nullptr, merge, nullptr, nullptr, nullptr));
  constexpr int columns = static_cast<int>(sum_columns.size()) + 1;
  checked(sqlite3_create_function_v2(database, "pack_sums", columns, pure_function, nullptr, pack, nullptr, nullptr,
                                     nullptr));
  checked(sqlite3_create_function_v2(database, "sum_durations", 1, pure_function, nullptr, nullptr, sum_step, sum_end,
                                     nullptr));
}

}  // namespace obleth::adapters
