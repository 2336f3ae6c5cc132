// What the rows of one delivery add to the roll-ups: by minute, hour and day, for tenants, keys, models and groups.
//
// Rows are summed in memory first, so that a batch costs one write for each sum and not for each row.
// Thread: the writing connection's.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <tuple>

#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/rolled_up.hpp"
#include "adapters/sqlite/usage_cells.hpp"
#include "adapters/sqlite/usage_dictionary.hpp"

namespace obleth::adapters {

class UsageRollUp {
 public:
  void add(const UsageRecord& record, const UsageNumbers& numbers);
  void write(SqliteConnection& connection) const;

 private:
  using Sums = std::map<UsageCell, RolledUp>;
  struct KindOfHour {
    std::int64_t begin_ms = 0;
    std::int64_t number = 0;
    auto operator<=>(const KindOfHour&) const = default;
  };

  Sums minutes_;
  Sums::value_type* last_ = nullptr;  // of minutes_: where the row before was added
  std::set<KindOfHour> kinds_;
  KindOfHour last_kind_;
};

}  // namespace obleth::adapters
