// What the rows of one delivery add to the roll-ups: to those by minute, and to hours and days that are closed already.
//
// Rows are summed in memory first, so that a batch costs one write for each sum and not for each row.
// Thread: the writing connection's.
#pragma once

#include <cstdint>
#include <set>

#include "adapters/sqlite/closed_periods.hpp"
#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/roll_up_tables.hpp"
#include "adapters/sqlite/usage_dictionary.hpp"

namespace obleth::adapters {

class UsageRollUp {
 public:
  void add(const UsageRecord& record, const UsageNumbers& numbers);
  void write(SqliteConnection& connection, const ClosedPeriods& closed) const;

 private:
  struct KindOfHour {
    std::int64_t begin_ms = 0;
    std::int64_t number = 0;
    auto operator<=>(const KindOfHour&) const = default;
  };

  CellSums minutes_;
  CellSums::value_type* last_ = nullptr;  // of minutes_: where the row before was added
  std::set<KindOfHour> kinds_;
  KindOfHour last_kind_;
};

}  // namespace obleth::adapters
