// What PostgreSQL says went wrong, as a fault that says what to do. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"

namespace obleth::adapters {

// state: the five characters of SQLSTATE. detail: the server's own first line.
[[nodiscard]] Fault fault_of_state(std::string_view state, const std::string& detail);

// The work may simply be done again: somebody else's came in between.
[[nodiscard]] bool was_in_conflict(std::string_view state);

}  // namespace obleth::adapters
