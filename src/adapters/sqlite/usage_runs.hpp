// A record of the ledger's table is a run: rows of one delivery that ended within the same slot of time.
//
// SQLite searches its tree for each record that is inserted, which costs more than all else that is done for a row; so
// neighbours share one. A row in a run: how far its place is from the one before, or from the run's own, its size, the
// client's id, head (usage_head.hpp) and rest (usage_rest.hpp). Runs of one slot may overlap, those of different slots
// never do. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/sqlite/arriving_row.hpp"
#include "adapters/sqlite/usage_head.hpp"
#include "adapters/sqlite/usage_schema.hpp"
#include "base/varint.hpp"

namespace obleth::adapters {

// Whoever looks for one row reads its slot: long enough for several rows where it pays, short enough to read. Hours and
// days begin with one.
inline constexpr std::int64_t places_per_slot = 64 * places_per_ms;
static_assert(places_per_hour % places_per_slot == 0);
[[nodiscard]] constexpr std::int64_t slot_of(std::int64_t place) {
  return place / places_per_slot;
}

// Two runs fit a page of the file. A row that is longer is a run of its own.
inline constexpr std::size_t run_bytes_max = 2000;
inline constexpr std::size_t run_entry_head_bytes_max = 2 * varint_bytes_max;

inline constexpr std::string_view runs_upwards =
    "SELECT place, run FROM usage WHERE place >= ? AND place < ? ORDER BY place";

// What a run says of a row, without its place; packed: what it held before is replaced.
void pack_row(const ArrivingRow& row, std::string& packed);
void add_run_entry(std::int64_t places_further, std::string_view packed, std::string& run);

struct WalkedRow {
  std::int64_t place = 0;
  UsageHead head;
  std::string_view client_request_id;
  std::span<const std::uint8_t> rest;  // usage_rest.hpp
};

// The rows of a slot, in the order of their places. As large as its slot has rows.
class UsageSlot {
 public:
  void clear();
  // Throws StoreFailure where the bytes are something else.
  void add_run(std::int64_t first, std::span<const std::uint8_t> run);
  // After the last run.
  void put_in_order();

  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] std::int64_t place(std::size_t number) const { return entries_[number].place; }
  // Of the row that has the place; size() where there is none.
  [[nodiscard]] std::size_t number_at(std::int64_t place) const;
  // It stands until the next clear or run. Throws StoreFailure like add_run.
  [[nodiscard]] WalkedRow row(std::size_t number) const;

 private:
  struct Entry {
    std::int64_t place = 0;
    std::size_t begin = 0;  // of what bytes_ says of it
    std::size_t size = 0;
  };
  std::vector<Entry> entries_;
  std::vector<std::uint8_t> bytes_;  // all runs, one after the other
};

}  // namespace obleth::adapters
