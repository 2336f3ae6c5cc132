// One use of an SQL text: values in, rows out. Column after column, in the order of the text.
//
//   Query find(session, "SELECT name, weight FROM groups WHERE id = ?");
//   find.bind(id);
//   if (find.step()) { QueryRow row(find); auto name = row.text(); auto weight = row.integer(); }
//
// Thread: the session's.
#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/sql/session.hpp"
#include "base/instant.hpp"
#include "base/strong_id.hpp"
#include "domain/api_key.hpp"

namespace obleth::adapters {

class Query {
 public:
  Query(SqlSession& session, std::string_view sql) : session_(session), sql_(sql) {}
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  Query& bind(std::string_view text) { return bind_value(std::string(text)); }
  Query& bind(const Bits128& id);  // 16 bytes, most significant first
  template <class Tag>
  Query& bind(const StrongId<Tag>& id) {
    return bind(id.bits);
  }
  Query& bind(const SecretHash& hash) { return bind_value(SqlBytes(hash.bytes.begin(), hash.bytes.end())); }
  Query& bind(WallTime time) { return bind_value(time.unix_ms); }
  template <std::integral Integer>
  Query& bind(Integer value) {
    return bind_value(static_cast<std::int64_t>(value));
  }
  template <class Value>
  Query& bind(const std::optional<Value>& value) {
    return value ? bind(*value) : bind_value(SqlNull{});
  }

  // True: the next row stands ready. False: there is none. The first step asks the database.
  bool step();
  // For texts without rows.
  void run() { static_cast<void>(step()); }

 private:
  friend class QueryRow;
  Query& bind_value(SqlValue value) {
    values_.push_back(std::move(value));
    return *this;
  }

  SqlSession& session_;
  std::string sql_;
  std::vector<SqlValue> values_;
  std::unique_ptr<SqlRows> rows_;
};

// Reads the columns of the row that stands ready, from the first on.
class QueryRow {
 public:
  explicit QueryRow(const Query& query) : rows_(*query.rows_) {}

  [[nodiscard]] std::int64_t integer() { return rows_.integer(next_++); }
  [[nodiscard]] std::uint32_t small_integer() { return static_cast<std::uint32_t>(integer()); }
  [[nodiscard]] bool flag() { return integer() != 0; }
  [[nodiscard]] WallTime time() { return WallTime{integer()}; }
  [[nodiscard]] std::string text() { return std::string(rows_.text(next_++)); }
  [[nodiscard]] SecretHash hash();
  [[nodiscard]] Bits128 bits();
  template <class Id>
  [[nodiscard]] Id id() {
    return Id{bits()};
  }
  // row.maybe(&QueryRow::text): nothing where the column is null.
  template <class Read>
  [[nodiscard]] auto maybe(Read read) -> std::optional<std::invoke_result_t<Read, QueryRow&>> {
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

  SqlRows& rows_;
  int next_ = 0;
};

}  // namespace obleth::adapters
