// Lists: limit (50, at most 500), an opaque cursor, a filter by name, and the shape of the answer. Pure; any thread.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "admin/call.hpp"
#include "admin/reply.hpp"
#include "admin/route.hpp"
#include "base/strong_id.hpp"
#include "ports/record_store.hpp"

namespace obleth::admin {

inline constexpr std::int64_t page_rows_default = 50;
inline constexpr std::int64_t page_rows_max = 500;

// limit and cursor, and name where the list can be filtered by it.
[[nodiscard]] std::vector<Parameter> page_parameters(bool filtered_by_name = true);
[[nodiscard]] Outcome<ports::PageRequest> requested_page(const Call& call);
// A store that does not take a cursor says so of the member that the client sent.
[[nodiscard]] Reply refuse_page(const Fault& fault);

// Where a row stands in a list that is read whole: a number that rises along the list, and its id.
struct Place {
  std::int64_t number = 0;
  Bits128 id;
  auto operator<=>(const Place&) const = default;
};
[[nodiscard]] std::string cursor_after(const Place& last);
// The place that the page's cursor tells; nullopt: the page is the first.
[[nodiscard]] Outcome<std::optional<Place>> last_place(const ports::PageRequest& page);

[[nodiscard]] Json list_json(Json rows, const std::string& next_cursor);

}  // namespace obleth::admin
