// since and until of a question, and any other moment that stands in a query: RFC 3339 or Unix milliseconds. Pure.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "admin/call.hpp"
#include "admin/reading.hpp"
#include "admin/route.hpp"
#include "base/instant.hpp"

namespace obleth::admin {

// Of such a moment, as a parameter.
[[nodiscard]] Json moment_schema();
void append_span_parameters(std::vector<Parameter>& parameters);

// Absent: not asked for, or faulty, and the reading has the fault.
[[nodiscard]] std::optional<WallTime> asked_moment(const Call& call, std::string_view name, Reading& reading);

}  // namespace obleth::admin
