// Gives the rows of a delivery their places in the ledger, and writes those that are new.
//
// A row's place is its time and bits of its event. An event ends at one time, so where it comes again, it meets itself.
// Thread: the writing connection's.
#pragma once

#include <span>
#include <string>

#include "adapters/sqlite/arriving_row.hpp"
#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/usage_runs.hpp"

namespace obleth::adapters {

// Where the row wants to be; another event may be there.
[[nodiscard]] std::int64_t place_of(const UsageRecord& row);

class UsageInsertion {
 public:
  explicit UsageInsertion(SqliteConnection& connection) : connection_(connection) {}
  // They come in the order of their places, and are so again after it; says of each whether it is new.
  void insert(std::span<ArrivingRow> rows);

 private:
  void insert_slot(std::span<ArrivingRow> rows);
  void read_slot(std::int64_t slot);
  [[nodiscard]] const EventId* holder_of(std::int64_t place, std::span<const ArrivingRow> arrived);
  void find_place(ArrivingRow& row, std::span<const ArrivingRow> arrived);
  void write_runs(std::span<const ArrivingRow> rows);
  void write_run(std::int64_t first);

  SqliteConnection& connection_;
  UsageSlot there_;  // what former deliveries brought
  EventId holder_;   // of a place in it
  std::string run_;
  std::string packed_;
};

}  // namespace obleth::adapters
