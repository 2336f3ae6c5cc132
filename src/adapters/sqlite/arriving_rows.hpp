// The rows of a delivery as a table of SQL, "arriving_rows": one statement takes all of them into the ledger's table.
//
// One statement for many rows keeps its cursors where they are, so that what comes in the order of time is appended;
// and nothing is bound or copied on the way. Thread: the writing connection's.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/usage_dictionary.hpp"
#include "domain/usage_record.hpp"

namespace obleth::adapters {

struct ArrivingRow {
  const UsageRecord* record = nullptr;
  UsageNumbers numbers;
  std::int64_t place = 0;  // usage_schema.hpp
  bool is_new = false;     // the ledger took it
};

class ArrivingRows {
 public:
  ArrivingRows();
  ArrivingRows(const ArrivingRows&) = delete;
  ArrivingRows& operator=(const ArrivingRows&) = delete;

  // Makes the table known to the connection, which must not outlive this.
  void define_in(SqliteConnection& connection);
  // Inserts the rows, and says of each whether it is new: not where its place is taken.
  void insert(SqliteConnection& connection, std::span<ArrivingRow> rows);

 private:
  struct Module;

  std::string declaration_;
  std::string insertion_;
  std::span<ArrivingRow> rows_;
  std::size_t at_ = 0;  // where the statement stands
  std::string packed_;  // of the row that it stands at
};

}  // namespace obleth::adapters
