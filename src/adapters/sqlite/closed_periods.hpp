// How far the ledger's coarser sums have been made: those of an hour from its minutes, when it is over, and those of a
// day from its hours. A row that comes later than that is added to them at once. Thread: the connection's.
#pragma once

#include <cstddef>
#include <cstdint>

#include "adapters/sqlite/connection.hpp"

namespace obleth::adapters {

struct ClosedPeriods {
  struct Level {
    std::int64_t until_ms = 0;     // all that began before it are closed
    std::int64_t tenants_max = 0;  // the one that begins then is closed for the tenants up to this number

    bool operator==(const Level&) const = default;
    [[nodiscard]] bool hold(std::int64_t begin_ms) const { return begin_ms < until_ms; }
    [[nodiscard]] bool hold(std::int64_t begin_ms, std::int64_t tenant) const {
      return hold(begin_ms) || (begin_ms == until_ms && tenant <= tenants_max);
    }
  };
  Level hours;
  Level days;
  bool operator==(const ClosedPeriods&) const = default;
};

// How much one step closes: whole tenants, until there were so many finer sums, or so many tenants.
struct ClosingStep {
  std::size_t sums_max = 4000;
  std::int64_t tenants_max = 50'000;  // 0.2 us for one that did not ask

  [[nodiscard]] bool is_over() const { return sums_max == 0 || tenants_max == 0; }
  // Closing keeps up with what is replayed: a row adds one sum by minute and one by hour, of its tenant and of its
  // model.
  [[nodiscard]] ClosingStep after(std::size_t rows) const {
    const std::size_t steps = 1 + rows / 1000;
    return {sums_max * steps, tenants_max * static_cast<std::int64_t>(steps)};
  }
};

// Inside the transaction of what is asked with it.
[[nodiscard]] ClosedPeriods closed_periods(SqliteConnection& connection);
void note_closed_periods(SqliteConnection& connection, const ClosedPeriods& closed);

}  // namespace obleth::adapters
