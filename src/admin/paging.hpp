// Lists: limit (50, at most 500), an opaque cursor, a filter by name, and the shape of the answer. Pure; any thread.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "admin/call.hpp"
#include "admin/reply.hpp"
#include "admin/route.hpp"
#include "ports/record_store.hpp"

namespace obleth::admin {

inline constexpr std::int64_t page_rows_default = 50;
inline constexpr std::int64_t page_rows_max = 500;

// limit and cursor, and name where the list can be filtered by it.
[[nodiscard]] std::vector<Parameter> page_parameters(bool filtered_by_name = true);
[[nodiscard]] Outcome<ports::PageRequest> requested_page(const Call& call);
// A store that does not take a cursor says so of the member that the client sent.
[[nodiscard]] Reply refuse_page(const Fault& fault);

[[nodiscard]] Json list_json(Json rows, const std::string& next_cursor);

}  // namespace obleth::admin
