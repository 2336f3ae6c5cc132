// The term over which a budget counts: a local day, week or month, or a lifetime; not before its start date. Pure.
#pragma once

#include <optional>
#include <string>

#include "domain/budget.hpp"
#include "domain/calendar.hpp"

namespace obleth::budget {

// nullopt: the budget is not in force yet. An unknown time zone counts as UTC. A lifetime never ends.
[[nodiscard]] std::optional<WallSpan> budget_window(const Budget& budget, const std::string& timezone, WallTime now);

}  // namespace obleth::budget
