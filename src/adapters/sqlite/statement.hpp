// One use of a prepared statement: values in, rows out. Column after column, in the order of the SQL text.
//
//   Statement find(connection, "SELECT name, weight FROM groups WHERE id = ?");
//   find.bind(id);
//   if (find.step()) { Row row(find); auto name = row.text(); auto weight = row.integer(); }
//
// Thread: the connection's. Two uses of one text must not overlap.
#pragma once

#include <sqlite3.h>

#include <array>
#include <concepts>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "adapters/sqlite/connection.hpp"
#include "base/instant.hpp"
#include "base/strong_id.hpp"
#include "domain/api_key.hpp"

namespace obleth::adapters {

// An id as its columns hold it: most significant first.
inline constexpr std::size_t id_bytes = 16;
[[nodiscard]] std::array<std::uint8_t, id_bytes> bytes_of(const Bits128& id);

class Statement {
 public:
  Statement(SqliteConnection& connection, std::string_view sql);
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement();

  Statement& bind(std::string_view text);
  Statement& bind(std::span<const std::uint8_t> blob);
  Statement& bind(const Bits128& id);
  template <class Tag>
  Statement& bind(const StrongId<Tag>& id) {
    return bind(id.bits);
  }
  Statement& bind(const SecretHash& hash) { return bind(std::span(hash.bytes)); }
  Statement& bind(WallTime time) { return bind(time.unix_ms); }
  template <std::integral Integer>
  Statement& bind(Integer value) {
    return bind_integer(static_cast<std::int64_t>(value));
  }
  template <class Value>
  Statement& bind(const std::optional<Value>& value) {
    return value ? bind(*value) : bind_null();
  }

  // True: the next row stands ready. False: there is none.
  bool step();
  // For statements without rows.
  void run() { static_cast<void>(step()); }
  [[nodiscard]] sqlite3_stmt* handle() const { return statement_; }  // for reading columns
  // For other values, from the first on.
  void again();

 private:
  Statement& bind_integer(std::int64_t value);
  Statement& bind_null();
  Statement& checked(int code);

  SqliteConnection& connection_;
  sqlite3_stmt* statement_;
  int bound_ = 0;
};

// Reads the columns of the row that stands ready, from the first on.
class Row {
 public:
  explicit Row(const Statement& statement) : statement_(statement.handle()) {}

  [[nodiscard]] std::int64_t integer() { return sqlite3_column_int64(statement_, next_++); }
  [[nodiscard]] std::uint32_t small_integer() { return static_cast<std::uint32_t>(integer()); }
  [[nodiscard]] bool flag() { return integer() != 0; }
  [[nodiscard]] WallTime time() { return WallTime{integer()}; }
  [[nodiscard]] std::string text() { return std::string(text_view()); }
  [[nodiscard]] std::string_view text_view();  // until the statement's next step
  [[nodiscard]] SecretHash hash();
  [[nodiscard]] Bits128 bits();
  [[nodiscard]] std::span<const std::uint8_t> blob();  // until the statement's next step
  template <class Id>
  [[nodiscard]] Id id() {
    return Id{bits()};
  }
  // row.maybe(&Row::text): nothing where the column is null.
  template <class Read>
  [[nodiscard]] auto maybe(Read read) -> std::optional<std::invoke_result_t<Read, Row&>> {
    if (skip_null()) return std::nullopt;
    return std::invoke(read, *this);
  }
  template <class Parse>
  [[nodiscard]] auto maybe_parsed(Parse parse) -> std::optional<std::invoke_result_t<Parse, std::string>> {
    if (skip_null()) return std::nullopt;
    return parse(text());
  }

 private:
  [[nodiscard]] bool skip_null();

  sqlite3_stmt* statement_;
  int next_ = 0;
};

}  // namespace obleth::adapters
