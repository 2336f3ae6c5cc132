// What the rows of one delivery add to the roll-ups: by minute, hour and day, for each tenant, key, model and group.
//
// Rows are summed in memory first, so that a batch costs one write for each sum and not for each row.
// Thread: the writing connection's.
#pragma once

#include <compare>
#include <cstdint>
#include <map>

#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/usage_dictionary.hpp"
#include "domain/duration_sketch.hpp"
#include "ports/usage_ledger.hpp"

namespace obleth::adapters {

struct RolledUp {
  ports::UsageSums sums;  // its quantiles say nothing
  DurationSketch durations;

  void add(const UsageRecord& record);
  void add(const RolledUp& other);
};

class UsageRollUp {
 public:
  void add(const UsageRecord& record, const UsageNumbers& numbers);
  void write(SqliteConnection& connection) const;

 private:
  struct Key {
    std::int64_t begin_ms = 0;
    std::int64_t tenant = 0;
    std::int64_t key = 0;
    std::int64_t model = 0;
    std::int64_t group = 0;
    auto operator<=>(const Key&) const = default;
  };
  using Sums = std::map<Key, RolledUp>;
  static Sums coarser(const Sums& finer, ports::UsageBucket bucket);
  static void write_level(SqliteConnection& connection, ports::UsageBucket level, const Sums& sums);

  Sums minutes_;
};

// "usage_hours"
[[nodiscard]] const char* roll_up_table(ports::UsageBucket level);

}  // namespace obleth::adapters
