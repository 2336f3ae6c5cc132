// The tables of the usage ledger, in a database file of their own: rows, what was summed of them, what has arrived.
#pragma once

#include <cstdint>
#include <span>

#include "adapters/sqlite/migrations.hpp"
#include "base/instant.hpp"
#include "domain/ids.hpp"

namespace obleth::adapters {

[[nodiscard]] std::span<const Migration> usage_migrations();
// Takes the steps that the file lacks, and gives the connection the functions that they and every question call.
void migrate_usage(SqliteConnection& connection);

// A row's key is its end in Unix ms with room below for the rows of one millisecond, so that the table is in the order
// of time and every index of it, too.
inline constexpr std::int64_t places_per_ms = 1LL << 20;
inline constexpr std::int64_t usage_ms_max = (1LL << 42) - 1;  // the year 2109

[[nodiscard]] constexpr std::int64_t first_place_of(WallTime at) {
  return at.unix_ms * places_per_ms;
}
// Where an event stood in the index of events that the third step made: its hour, and then 42 bits of its id.
inline constexpr std::int64_t places_per_hour = 3'600'000 * places_per_ms;
[[nodiscard]] constexpr std::int64_t event_spot_of(std::int64_t place, EventId event) {
  constexpr std::uint32_t bits_of_id = 42;
  const auto hour = static_cast<std::uint64_t>(place / places_per_hour);
  return static_cast<std::int64_t>(hour << bits_of_id | event.bits.high >> (64 - bits_of_id));
}

// Marks (usage_marks.hpp) are kept in groups of one hour each, numbered within it.
inline constexpr std::int64_t mark_groups_per_hour = 1LL << 20;
[[nodiscard]] constexpr std::int64_t first_marks_of(WallTime at) {
  return first_place_of(at) / places_per_hour * mark_groups_per_hour;
}

[[nodiscard]] constexpr WallTime time_of_place(std::int64_t place) {
  return WallTime{place / places_per_ms};
}

// What budgets are asked about begins and ends at quarters of an hour in every time zone of today.
inline constexpr std::int64_t quarter_ms = 900'000;
inline constexpr std::int64_t day_ms = 86'400'000;

}  // namespace obleth::adapters
