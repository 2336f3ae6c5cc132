// A prepared statement as the record's tables read it (adapters/sql). Thread: the connection's.
#pragma once

#include <span>
#include <string_view>

#include "adapters/sql/session.hpp"
#include "adapters/sqlite/statement.hpp"

namespace obleth::adapters {

class StatementRows final : public SqlRows {
 public:
  StatementRows(SqliteConnection& connection, std::string_view sql, std::span<const SqlValue> values);

  [[nodiscard]] bool next() override { return statement_.step(); }
  [[nodiscard]] bool is_null(int column) const override;
  [[nodiscard]] std::int64_t integer(int column) const override;
  [[nodiscard]] std::string_view text(int column) const override;
  [[nodiscard]] std::span<const std::uint8_t> bytes(int column) const override;

 private:
  void bind(const SqlValue& value);

  Statement statement_;
};

}  // namespace obleth::adapters
