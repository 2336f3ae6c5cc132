#include "adapters/sqlite/usage_functions.hpp"

#include <algorithm>
#include <array>
#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/sqlite/sql_function.hpp"
#include "adapters/sqlite/statement.hpp"
#include "adapters/sqlite/tenant_rows.hpp"
#include "adapters/sqlite/usage_head.hpp"
#include "adapters/sqlite/usage_marks.hpp"
#include "adapters/sqlite/usage_rest.hpp"
#include "adapters/sqlite/usage_runs.hpp"
#include "adapters/sqlite/usage_schema.hpp"

namespace obleth::adapters {
namespace {

constexpr std::size_t half_bytes = 8;

std::optional<EventId> event_of(sqlite3_value* value) {
  const auto* id = static_cast<const std::uint8_t*>(sqlite3_value_blob(value));
  if (id == nullptr || sqlite3_value_bytes(value) != static_cast<int>(id_bytes)) return std::nullopt;
  EventId event;
  for (std::size_t at = 0; at < half_bytes; ++at) {
    event.bits.high = event.bits.high << 8 | id[at];
    event.bits.low = event.bits.low << 8 | id[half_bytes + at];
  }
  return event;
}

std::string_view text_of(sqlite3_value* value) {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_value_text(value));
  const auto size = static_cast<std::size_t>(sqlite3_value_bytes(value));
  return bytes == nullptr ? std::string_view() : std::string_view(bytes, size);
}

std::string_view bytes_of(sqlite3_value* value) {
  const auto* bytes = static_cast<const char*>(sqlite3_value_blob(value));
  const auto size = static_cast<std::size_t>(sqlite3_value_bytes(value));
  return bytes == nullptr ? std::string_view() : std::string_view(bytes, size);
}

void give_bytes(sqlite3_context* call, const std::string& bytes) {
  sqlite3_result_blob64(call, bytes.data(), bytes.size(), SQLITE_TRANSIENT);
}

void tell_event_spot(sqlite3_context* call, int, sqlite3_value** values) {
  const auto event = event_of(values[1]);
  if (!event) return sqlite3_result_error_code(call, SQLITE_MISMATCH);
  sqlite3_result_int64(call, event_spot_of(sqlite3_value_int64(values[0]), *event));
}

void tell_row(sqlite3_context* call, int, sqlite3_value** values) {
  guarded(call, [&] {
    const auto event = event_of(values[3]);
    if (!event) return sqlite3_result_error_code(call, SQLITE_MISMATCH);
    std::string packed;
    pack_head({.tenant = sqlite3_value_int64(values[0]),
               .key = sqlite3_value_int64(values[1]),
               .kind = sqlite3_value_int64(values[2]),
               .event = *event},
              packed);
    packed += bytes_of(values[4]);
    give_bytes(call, packed);
  });
}

void tell_run_of_row(sqlite3_context* call, int, sqlite3_value** values) {
  guarded(call, [&] {
    const std::string_view client = text_of(values[0]);
    std::array<char, varint_bytes_max> size;
    std::string row(size.data(), put_varint(size.data(), client.size()));
    row += client;
    row += bytes_of(values[1]);
    std::string run;
    add_run_entry(0, row, run);
    give_bytes(call, run);
  });
}

void tell_posting_entry(sqlite3_context* call, int, sqlite3_value** values) {
  guarded(call, [&] {
    std::string entry;
    add_posting_entry(0, sqlite3_value_int64(values[0]), sqlite3_value_int64(values[1]), entry);
    give_bytes(call, entry);
  });
}

// SQLite gives zeroed memory for a pointer to the marks, which are made by the first row.
void gather_step(sqlite3_context* call, int, sqlite3_value** values) {
  guarded(call, [&] {
    const auto event = event_of(values[0]);
    if (!event) return sqlite3_result_error_code(call, SQLITE_MISMATCH);
    auto** marks = static_cast<std::string**>(sqlite3_aggregate_context(call, sizeof(std::string*)));
    if (marks == nullptr) return sqlite3_result_error_nomem(call);
    if (*marks == nullptr) *marks = new std::string();
    add_marks(*event, text_of(values[1]), **marks);
  });
}

void gather_end(sqlite3_context* call) {
  auto** marks = static_cast<std::string**>(sqlite3_aggregate_context(call, 0));
  const std::unique_ptr<std::string> owned(marks == nullptr ? nullptr : *marks);
  guarded(call, [&] { give_bytes(call, owned == nullptr ? std::string() : *owned); });
}

// Reads the arguments of a call one after the other.
class Arguments {
 public:
  explicit Arguments(sqlite3_value** values) : next_(values) {}

  template <std::integral Number>
  void number(Number& value) {
    value = static_cast<Number>(sqlite3_value_int64(*next_++));
  }
  void optional_number(std::optional<std::int64_t>& value) {
    if (sqlite3_value_type(*next_) != SQLITE_NULL) value = sqlite3_value_int64(*next_);
    ++next_;
  }
  template <class Word>
  void word(Word& value, Word last) {
    value = static_cast<Word>(std::clamp(sqlite3_value_int(*next_++), 0, static_cast<int>(last)));
  }
  void flag(bool& value) { value = sqlite3_value_int(*next_++) != 0; }
  void text(auto& value) { value = text_of(*next_++); }

 private:
  sqlite3_value** next_;
};

struct FieldCount {
  int fields = 0;
  void number(const auto&) { ++fields; }
  void optional_number(const auto&) { ++fields; }
  void word(const auto&, const auto&) { ++fields; }
  void flag(const auto&) { ++fields; }
  void text(const auto&) { ++fields; }
};

int fields_of_rest() {
  FieldCount count;
  const UsageRecord record;
  const UsageNumbers numbers;
  visit_rest(record, numbers, count);
  return count.fields;
}

void tell_rest(sqlite3_context* call, int, sqlite3_value** values) {
  guarded(call, [&] {
    UsageRecord record;
    UsageNumbers numbers;
    Arguments arguments(values);
    visit_rest(record, numbers, arguments);
    std::string packed;
    pack_rest(record, numbers, packed);
    give_bytes(call, packed);
  });
}

}  // namespace

void define_usage_functions(SqliteConnection& connection) {
  sqlite3* const database = connection.handle();
  const auto define = [&](const char* name, int arguments, auto function) {
    const int code = sqlite3_create_function_v2(database, name, arguments, pure_function, nullptr, function, nullptr,
                                                nullptr, nullptr);
    if (code != SQLITE_OK) connection.fail();
  };
  define("event_spot", 2, tell_event_spot);
  define("pack_rest", fields_of_rest(), tell_rest);
  define("pack_row", 5, tell_row);
  define("posting_entry", 2, tell_posting_entry);
  define("run_of_row", 2, tell_run_of_row);
  if (sqlite3_create_function_v2(database, "gather_marks", 2, pure_function, nullptr, nullptr, gather_step, gather_end,
                                 nullptr) != SQLITE_OK) {
    connection.fail();
  }
}

}  // namespace obleth::adapters
