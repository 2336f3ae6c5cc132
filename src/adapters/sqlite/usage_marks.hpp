// Where the rows of an id may lie: of each id that a row has a mark of 32 bits, about a thousand of them together, with
// the places between which their rows are. A few bytes a row, without a tree of their own.
//
// Ids are the event's and the client's. A mark says where to look; whether the row is there, the row says.
// Thread: the connection's.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/sqlite/arriving_row.hpp"
#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/statement.hpp"
#include "domain/ids.hpp"

namespace obleth::adapters {

using UsageMark = std::uint32_t;
// Of the file's format: they never change.
[[nodiscard]] UsageMark mark_of(EventId event);
[[nodiscard]] UsageMark mark_of(std::string_view client_request_id);
// The event's, and the client's where there is one.
void add_marks(EventId event, std::string_view client_request_id, std::string& marks);

// Of those rows that are new. They come in the order of their places.
void write_marks(SqliteConnection& connection, std::span<const ArrivingRow> rows);

// Half open.
struct Places {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

// Goes through the hours of a span in which rows may be that have the mark.
class MarkedPlaces {
 public:
  MarkedPlaces(SqliteConnection& connection, UsageMark mark, Places within, bool oldest_first);
  // Of the next such hour, in the order asked for, not overlapping, within the span. Empty: there is no further one.
  [[nodiscard]] std::vector<Places> next_hour();

  [[nodiscard]] static std::string statement(bool oldest_first);

 private:
  UsageMark mark_;
  Places within_;
  bool oldest_first_;
  std::string sql_;
  Statement groups_;
  bool has_group_;  // groups_ stands at one that is not looked at
};

}  // namespace obleth::adapters
