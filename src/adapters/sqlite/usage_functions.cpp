#include "adapters/sqlite/usage_functions.hpp"

#include <algorithm>
#include <concepts>
#include <new>
#include <optional>
#include <string>

#include "adapters/sqlite/usage_rest.hpp"
#include "adapters/sqlite/usage_schema.hpp"

namespace obleth::adapters {
namespace {

constexpr int pure = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
constexpr std::size_t half_bytes = 8;

void tell_event_spot(sqlite3_context* call, int, sqlite3_value** values) {
  const auto* id = static_cast<const std::uint8_t*>(sqlite3_value_blob(values[1]));
  if (id == nullptr || sqlite3_value_bytes(values[1]) < static_cast<int>(half_bytes))
    return sqlite3_result_error_code(call, SQLITE_MISMATCH);
  EventId event;
  for (std::size_t at = 0; at < half_bytes; ++at)
    event.bits.high = event.bits.high << 8 | id[at];
  sqlite3_result_int64(call, event_spot_of(sqlite3_value_int64(values[0]), event));
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
  void text(std::string& value) {
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_value_text(*next_));
    if (bytes != nullptr) value.assign(bytes, static_cast<std::size_t>(sqlite3_value_bytes(*next_)));
    ++next_;
  }

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
  try {
    UsageRecord record;
    UsageNumbers numbers;
    Arguments arguments(values);
    visit_rest(record, numbers, arguments);
    std::string packed;
    pack_rest(record, numbers, packed);
    sqlite3_result_blob64(call, packed.data(), packed.size(), SQLITE_TRANSIENT);
  } catch (const std::bad_alloc&) {  // SQLite is C: no exception may pass through it
    sqlite3_result_error_nomem(call);
  }
}

}  // namespace

void define_usage_functions(SqliteConnection& connection) {
  sqlite3* const database = connection.handle();
  const auto define = [&](const char* name, int arguments, auto function) {
    const int code =
        sqlite3_create_function_v2(database, name, arguments, pure, nullptr, function, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) connection.fail();
  };
  define("event_spot", 2, tell_event_spot);
  define("pack_rest", fields_of_rest(), tell_rest);
}

}  // namespace obleth::adapters
