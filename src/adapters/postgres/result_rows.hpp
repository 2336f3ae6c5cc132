// An answer of libpq, in binary form, as the record's tables read it. Thread: the session's.
#pragma once

#include <libpq-fe.h>

#include <memory>

#include "adapters/sql/session.hpp"

namespace obleth::adapters {

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using PostgresResult = std::unique_ptr<PGresult, ClearResult>;

class ResultRows final : public SqlRows {
 public:
  explicit ResultRows(PostgresResult result) : result_(std::move(result)) {}

  [[nodiscard]] bool next() override { return ++row_ < PQntuples(result_.get()); }
  [[nodiscard]] bool is_null(int column) const override;
  [[nodiscard]] std::int64_t integer(int column) const override;  // smallint, integer or bigint
  [[nodiscard]] std::string_view text(int column) const override;
  [[nodiscard]] std::span<const std::uint8_t> bytes(int column) const override;

 private:
  PostgresResult result_;
  int row_ = -1;
};

}  // namespace obleth::adapters
