#include "adapters/sqlite/delivered_ranges.hpp"

#include <algorithm>

#include "adapters/sqlite/statement.hpp"

namespace obleth::adapters {

bool DeliveredRanges::hold(const ports::JournalRange& range) const {
  Statement find(connection_,
                 "SELECT end FROM delivered_ranges WHERE segment = ? AND begin <= ? ORDER BY begin DESC LIMIT 1");
  find.bind(range.segment).bind(range.begin);
  return find.step() && static_cast<std::uint64_t>(Row(find).integer()) >= range.end;
}

void DeliveredRanges::add(const ports::JournalRange& range) const {
  // What touches or overlaps it becomes one with it.
  auto begin = static_cast<std::int64_t>(range.begin);
  auto end = static_cast<std::int64_t>(range.end);
  Statement near(connection_, "SELECT begin, end FROM delivered_ranges WHERE segment = ? AND begin <= ? AND end >= ?");
  near.bind(range.segment).bind(range.end).bind(range.begin);
  while (near.step()) {
    Row row(near);
    begin = std::min(begin, row.integer());
    end = std::max(end, row.integer());
  }
  Statement remove(connection_, "DELETE FROM delivered_ranges WHERE segment = ? AND begin >= ? AND begin <= ?");
  remove.bind(range.segment).bind(begin).bind(end).run();
  Statement add(connection_, "INSERT INTO delivered_ranges (segment, begin, end) VALUES (?, ?, ?)");
  add.bind(range.segment).bind(begin).bind(end).run();
}

}  // namespace obleth::adapters
