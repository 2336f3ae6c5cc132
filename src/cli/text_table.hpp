// JSON rows as a table that a person reads: columns as wide as their cells, numbers to the right. Pure.
#pragma once

#include <boost/json/array.hpp>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace obleth::cli {

// in_short: an object in a cell is for orientation, and cut. as_moment: Unix milliseconds, as RFC 3339.
enum class Shown : std::uint8_t { in_short, whole, as_moment };

struct Column {
  std::string_view title;
  std::string_view member;  // of the row; "used.tokens" reaches into an object
  Shown shown = Shown::in_short;
};

[[nodiscard]] std::string text_table(const boost::json::array& rows, std::span<const Column> columns);
// One row, member by member, one per line and whole; a list of objects follows as a table of its own.
[[nodiscard]] std::string text_record(const boost::json::object& record);

}  // namespace obleth::cli
