// Old months leave the ledger as whole partitions: no row of them is read through the gateway. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/instant.hpp"

namespace obleth::adapters {

// The oldest month, "202511", that ended before the month of the oldest day to be kept; no row where there is none.
[[nodiscard]] std::string oldest_month_question(const std::string& database, WallTime now, std::int64_t retention_days);

// What it cost by day, tenant and key is written down for budgets; from then on its rows count no more; it is dropped.
[[nodiscard]] std::vector<std::string> steps_to_drop(const std::string& database, const std::string& month,
                                                     WallTime now);

}  // namespace obleth::adapters
