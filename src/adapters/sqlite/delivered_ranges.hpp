// Which parts of the write-ahead log are in the ledger: what came once is not taken again.
//
// Neighbouring ranges are joined, so that a segment delivered as a whole is one row. Thread: the connection's.
#pragma once

#include "adapters/sqlite/connection.hpp"
#include "ports/usage_sink.hpp"

namespace obleth::adapters {

class DeliveredRanges {
 public:
  explicit DeliveredRanges(SqliteConnection& connection) : connection_(connection) {}

  // The whole range has arrived.
  [[nodiscard]] bool hold(const ports::JournalRange& range) const;
  void add(const ports::JournalRange& range) const;

 private:
  SqliteConnection& connection_;
};

}  // namespace obleth::adapters
