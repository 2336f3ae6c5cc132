#include "core/budget/budget_window.hpp"

#include <algorithm>
#include <limits>

namespace obleth::budget {
namespace {

constexpr WallTime never{std::numeric_limits<std::int64_t>::max()};

CalendarUnit unit_of(BudgetPeriod period) {
  switch (period) {
    case BudgetPeriod::day:
      return CalendarUnit::day;
    case BudgetPeriod::week:
      return CalendarUnit::week;
    default:
      return CalendarUnit::month;
  }
}

}  // namespace

std::optional<WallSpan> budget_window(const Budget& budget, const std::string& timezone, WallTime now) {
  const WallTime starts_at = budget.starts_at.value_or(WallTime{0});
  if (now < starts_at) return std::nullopt;
  if (budget.period == BudgetPeriod::lifetime) return WallSpan{starts_at, never};
  const CalendarUnit unit = unit_of(budget.period);
  std::optional<WallSpan> span = calendar_span(unit, timezone, now);
  if (!span) span = calendar_span(unit, "UTC", now);
  span->begin = std::max(span->begin, starts_at);
  return span;
}

}  // namespace obleth::budget
