// One batch of the write-ahead log into the ledger: rows, roll-ups and the range, all or nothing; and a step of closing
// what is over.
//
// Exactly once by the range, and by event_id where ranges overlap. Thread: the writing connection's.
#pragma once

#include <span>

#include "adapters/sqlite/closed_periods.hpp"
#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/usage_dictionary.hpp"
#include "ports/usage_sink.hpp"

namespace obleth::adapters {

class UsageDelivery {
 public:
  explicit UsageDelivery(ClosingStep step = {}) : step_(step) {}
  // How many of the rows were new. Times that no ledger can hold are moved to the nearest that it can. now: so that a
  // row of a clock that is ahead closes nothing that is not over.
  std::size_t take(SqliteConnection& connection, const ports::JournalRange& range, std::span<UsageRecord> rows,
                   WallTime now);

 private:
  std::size_t take_rows(SqliteConnection& connection, std::span<UsageRecord> rows);

  UsageDictionary dictionary_;
  ClosingStep step_;
};

}  // namespace obleth::adapters
