// One sum of the ledger: what was counted of some requests, and how long they took. Pure; a value.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "domain/duration_sketch.hpp"
#include "domain/usage_record.hpp"
#include "ports/usage_ledger.hpp"

namespace obleth::adapters {

struct RolledUp {
  ports::UsageSums sums;  // its quantiles say nothing
  DurationSketch durations;

  void add(const UsageRecord& record);
  void add(const RolledUp& other);
};

// As the one column that the roll-ups' tables keep of it: how many sums there are, the sums in the order of sum_columns
// as varints (zigzag), the durations to the end. SQLite works on each column of each row; bytes cost it a fraction.
[[nodiscard]] std::string packed(const RolledUp& sum);
enum class Durations : bool { left_out, added };
// False: the bytes are something else; some of them may have been added.
[[nodiscard]] bool add_packed(RolledUp& sum, std::span<const std::uint8_t> bytes, Durations durations);

}  // namespace obleth::adapters
