// Sums of the ledger over a span that may begin and end anywhere: days, hours and minutes from the roll-ups, what is
// left at the two ends from the rows. Thread: the connection's.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "adapters/sqlite/connection.hpp"
#include "ports/usage_ledger.hpp"

namespace obleth::adapters {

[[nodiscard]] ports::UsageSums summarise(SqliteConnection& connection, const ports::UsageScope& scope);

[[nodiscard]] std::vector<ports::UsageShare> divide(SqliteConnection& connection, const ports::UsageScope& scope,
                                                    ports::UsageDimension by, std::size_t groups_max);

struct SeriesQuestion {
  ports::UsageScope scope;
  ports::UsageBucket bucket = ports::UsageBucket::hour;
  std::optional<ports::UsageDimension> by;
  std::size_t groups_max = 0;
};
[[nodiscard]] std::vector<ports::UsageLine> draw_series(SqliteConnection& connection, const SeriesQuestion& question);

}  // namespace obleth::adapters
