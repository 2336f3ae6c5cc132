// Closed days of the ledger, summed by hour once and asked often; in ClickHouse's SQL. Pure.
//
// A day is rolled up from its rows read with FINAL, and its sums are used only while no row of it came since: a batch
// that is sent again, or late, doubles nothing and is missed nowhere. All times are the server's, so that replicas
// whose clocks differ agree.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "domain/calendar.hpp"

namespace obleth::adapters {

// Days are told by their first second (Unix, UTC).
using UsageDay = std::int64_t;
[[nodiscard]] UsageDay day_of(WallTime at);

// Rows of these days have come.
[[nodiscard]] std::string mark_changed(const std::string& database, const std::set<UsageDay>& days);

// The oldest day that is closed and has rows which its sums do not; with the server's time.
[[nodiscard]] std::string day_to_roll_up_question(const std::string& database);
struct DayToRollUp {
  UsageDay day = 0;
  std::int64_t asked_at_s = 0;  // by the server's clock
};
[[nodiscard]] std::vector<DayToRollUp> read_days_to_roll_up(std::string_view answer);  // none or one
// Its sums, then that they stand. In this order.
[[nodiscard]] std::vector<std::string> steps_to_roll_up(const std::string& database, const DayToRollUp& what);

// The days within the span whose sums stand.
[[nodiscard]] std::string rolled_up_question(const std::string& database, WallSpan span);
// As spans, neighbours joined.
[[nodiscard]] std::vector<WallSpan> read_rolled_up(std::string_view answer);

}  // namespace obleth::adapters
