#include "adapters/sqlite/usage_insertion.hpp"

#include <algorithm>

#include "adapters/sqlite/statement.hpp"

namespace obleth::adapters {
namespace {

// Of the same millisecond; after the last comes the first.
std::int64_t next_place(std::int64_t place) {
  return (place + 1) % places_per_ms == 0 ? place + 1 - places_per_ms : place + 1;
}

}  // namespace

// An event's own bits choose its place, so that rows of one millisecond rarely meet.
std::int64_t place_of(const UsageRecord& row) {
  constexpr auto place_bits = static_cast<std::uint64_t>(places_per_ms - 1);
  return first_place_of(row.ts) + static_cast<std::int64_t>(row.event_id.bits.low & place_bits);
}

void UsageInsertion::insert(std::span<ArrivingRow> rows) {
  while (!rows.empty()) {
    const auto in_slot = [slot = slot_of(rows.front().place)](const ArrivingRow& row) {
      return slot_of(row.place) == slot;
    };
    const auto end = std::ranges::find_if_not(rows, in_slot);
    const auto count = static_cast<std::size_t>(end - rows.begin());
    insert_slot(rows.first(count));
    rows = rows.subspan(count);
  }
}

void UsageInsertion::insert_slot(std::span<ArrivingRow> rows) {
  read_slot(slot_of(rows.front().place));
  for (std::size_t at = 0; at < rows.size(); ++at) {
    find_place(rows[at], rows.first(at));
    if (at > 0 && rows[at].place < rows[at - 1].place) std::ranges::sort(rows.first(at + 1), {}, &ArrivingRow::place);
  }
  write_runs(rows);
}

void UsageInsertion::read_slot(std::int64_t slot) {
  there_.clear();
  Statement find(connection_, runs_upwards);
  find.bind(slot * places_per_slot).bind((slot + 1) * places_per_slot);
  while (find.step()) {
    Row row(find);
    const std::int64_t first = row.integer();
    there_.add_run(first, row.blob());
  }
  there_.put_in_order();
}

// Null: nobody has the place.
const EventId* UsageInsertion::holder_of(std::int64_t place, std::span<const ArrivingRow> arrived) {
  if (!arrived.empty() && place <= arrived.back().place) {
    const auto holder = std::ranges::lower_bound(arrived, place, {}, &ArrivingRow::place);
    if (holder->place == place) return &holder->record->event_id;
  }
  const std::size_t number = there_.number_at(place);
  if (number == there_.size()) return nullptr;
  holder_ = there_.row(number).head.event;
  return &holder_;
}

// All events that could be the same stand from its own place on without a gap.
void UsageInsertion::find_place(ArrivingRow& row, std::span<const ArrivingRow> arrived) {
  for (std::int64_t tried = 0; tried < places_per_ms; ++tried) {
    const EventId* const holder = holder_of(row.place, arrived);
    row.is_new = holder == nullptr;
    if (row.is_new || *holder == row.record->event_id) return;
    row.place = next_place(row.place);
  }
}

void UsageInsertion::write_runs(std::span<const ArrivingRow> rows) {
  std::int64_t first = 0;
  std::int64_t last = 0;
  run_.clear();
  for (const ArrivingRow& row : rows) {
    if (!row.is_new) continue;
    pack_row(row, packed_);
    if (run_.size() + run_entry_head_bytes_max + packed_.size() > run_bytes_max) write_run(first);
    if (run_.empty()) first = last = row.place;
    add_run_entry(row.place - last, packed_, run_);
    last = row.place;
  }
  write_run(first);
}

void UsageInsertion::write_run(std::int64_t first) {
  if (run_.empty()) return;
  Statement put(connection_, "INSERT INTO usage VALUES (?, ?)");
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(run_.data());
  put.bind(first).bind(std::span(bytes, run_.size())).run();
  run_.clear();
}

}  // namespace obleth::adapters
