#include "adapters/sqlite/usage_marks.hpp"

#include <algorithm>
#include <cstring>

#include "adapters/sqlite/usage_schema.hpp"

namespace obleth::adapters {
namespace {

// With what stands beside them they fit a page of the file.
constexpr std::size_t marks_bytes_max = 4000;

struct MarkGroup {
  std::int64_t id = 0;  // usage_schema.hpp
  std::int64_t first = 0;
  std::int64_t last = 0;
  std::string marks;
};

void write(SqliteConnection& connection, const MarkGroup& group) {
  if (group.marks.empty()) return;
  Statement put(connection, "INSERT OR REPLACE INTO usage_marks VALUES (?, ?, ?, ?)");
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(group.marks.data());
  put.bind(group.id).bind(group.first).bind(group.last).bind(std::span(bytes, group.marks.size())).run();
}

// The youngest of the hour: where rows come one by one, they share a group all the same.
MarkGroup open_group(SqliteConnection& connection, std::int64_t hour) {
  Statement find(connection,
                 "SELECT id, first, last, marks FROM usage_marks WHERE id >= ? AND id < ? ORDER BY id DESC LIMIT 1");
  find.bind(hour * mark_groups_per_hour).bind((hour + 1) * mark_groups_per_hour);
  if (!find.step()) return {.id = hour * mark_groups_per_hour};
  Row row(find);
  MarkGroup group{.id = row.integer(), .first = row.integer(), .last = row.integer(), .marks = {}};
  const auto marks = row.blob();
  group.marks.assign(marks.begin(), marks.end());
  return group;
}

bool step_to_first(Statement& groups, Places within) {
  groups.bind(within.begin / places_per_hour * mark_groups_per_hour);
  groups.bind((within.end / places_per_hour + 1) * mark_groups_per_hour);
  return groups.step();
}

bool holds(std::span<const std::uint8_t> marks, UsageMark mark) {
  // No way out of the loop: so it is compiled to comparisons of several at once.
  std::uint32_t found = 0;
  for (std::size_t at = 0; at + sizeof mark <= marks.size(); at += sizeof mark) {
    UsageMark other = 0;
    std::memcpy(&other, marks.data() + at, sizeof other);
    found |= static_cast<std::uint32_t>(other == mark);
  }
  return found != 0;
}

}  // namespace

UsageMark mark_of(EventId event) {
  // Half of the product's bits depend on all of the id's (Fibonacci hashing).
  return static_cast<UsageMark>((event.bits.high ^ event.bits.low) * 0x9E37'79B9'7F4A'7C15ULL >> 32U);
}

UsageMark mark_of(std::string_view client_request_id) {
  // FNV-1a of 64 bits, folded.
  std::uint64_t hash = 0xCBF2'9CE4'8422'2325ULL;
  for (const char byte : client_request_id)
    hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100'0000'01B3ULL;
  return static_cast<UsageMark>(hash ^ hash >> 32U);
}

void add_marks(EventId event, std::string_view client_request_id, std::string& marks) {
  const auto add = [&marks](UsageMark mark) { marks.append(reinterpret_cast<const char*>(&mark), sizeof mark); };
  add(mark_of(event));
  if (!client_request_id.empty()) add(mark_of(client_request_id));
}

void write_marks(SqliteConnection& connection, std::span<const ArrivingRow> rows) {
  MarkGroup group;
  std::int64_t hour = -1;
  for (const ArrivingRow& row : rows) {
    if (!row.is_new) continue;
    if (row.place / places_per_hour != hour) {
      write(connection, group);
      hour = row.place / places_per_hour;
      group = open_group(connection, hour);
    }
    if (group.marks.size() + 2 * sizeof(UsageMark) > marks_bytes_max) {
      write(connection, group);
      group = {.id = group.id + 1};
    }
    const bool is_first = group.marks.empty();
    group.first = is_first ? row.place : std::min(group.first, row.place);
    group.last = is_first ? row.place : std::max(group.last, row.place);
    add_marks(row.record->event_id, row.record->client_request_id, group.marks);
  }
  write(connection, group);
}

std::string MarkedPlaces::statement(bool oldest_first) {
  return std::string("SELECT id, first, last, marks FROM usage_marks WHERE id >= ? AND id < ? ORDER BY id") +
         (oldest_first ? "" : " DESC");
}

MarkedPlaces::MarkedPlaces(SqliteConnection& connection, UsageMark mark, Places within, bool oldest_first)
    : mark_(mark),
      within_(within),
      oldest_first_(oldest_first),
      sql_(statement(oldest_first)),
      groups_(connection, sql_),
      has_group_(step_to_first(groups_, within)) {}

std::vector<Places> MarkedPlaces::next_hour() {
  std::vector<Places> found;
  std::int64_t hour = -1;
  for (; has_group_; has_group_ = groups_.step()) {
    Row row(groups_);
    const std::int64_t its_hour = row.integer() / mark_groups_per_hour;
    if (its_hour != hour && !found.empty()) break;
    hour = its_hour;
    const std::int64_t first = row.integer();
    const Places places{std::max(within_.begin, first), std::min(within_.end, row.integer() + 1)};
    if (places.begin < places.end && holds(row.blob(), mark_)) found.push_back(places);
  }
  // What several groups share is looked through once.
  std::ranges::sort(found, {}, &Places::begin);
  std::vector<Places> joined;
  for (const Places& places : found) {
    if (!joined.empty() && places.begin <= joined.back().end) {
      joined.back().end = std::max(joined.back().end, places.end);
    } else {
      joined.push_back(places);
    }
  }
  if (!oldest_first_) std::ranges::reverse(joined);
  return joined;
}

}  // namespace obleth::adapters
