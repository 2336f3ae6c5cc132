// One batch of the write-ahead log into the ledger: rows, roll-ups, spending and the range, all or nothing.
//
// Exactly once by the range, and by event_id where ranges overlap. Thread: the writing connection's.
#pragma once

#include <span>

#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/usage_dictionary.hpp"
#include "ports/usage_sink.hpp"

namespace obleth::adapters {

class UsageDelivery {
 public:
  // How many of the rows were new. Times that no ledger can hold are moved to the nearest that it can.
  std::size_t take(SqliteConnection& connection, const ports::JournalRange& range, std::span<UsageRecord> rows);

 private:
  std::size_t take_rows(SqliteConnection& connection, std::span<UsageRecord> rows);

  UsageDictionary dictionary_;
};

}  // namespace obleth::adapters
