// The rows of a delivery as a table of SQL, "arriving_rows": one statement takes all of them into the ledger's table.
//
// One statement for many rows keeps its cursors where they are, so that what comes in the order of time is appended;
// and nothing is bound or copied on the way. Thread: the writing connection's.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/statement.hpp"
#include "adapters/sqlite/usage_dictionary.hpp"
#include "domain/usage_record.hpp"

namespace obleth::adapters {

struct ArrivingRow {
  const UsageRecord* record = nullptr;
  UsageNumbers numbers;
  std::int64_t place = 0;  // usage_schema.hpp
  bool is_new = false;     // the ledger took it
};

// The values of a row that stand nowhere else: until the statement goes on to the next.
struct WrittenValues {
  std::array<std::uint8_t, id_bytes> event_id{};
  std::string rest;
};

class ArrivingRows {
 public:
  ArrivingRows();
  ArrivingRows(const ArrivingRows&) = delete;
  ArrivingRows& operator=(const ArrivingRows&) = delete;

  // Makes the table known to the connection, which must not outlive this.
  void define_in(SqliteConnection& connection);
  // Inserts the rows, and says of each whether it is new: not where its event or its place is taken.
  void insert(SqliteConnection& connection, std::span<ArrivingRow> rows);

 private:
  struct Module;

  std::string declaration_;
  std::string insertion_;
  std::span<ArrivingRow> rows_;
  std::size_t at_ = 0;  // where the statement stands
  WrittenValues written_;
};

}  // namespace obleth::adapters
