// Limits of a tenant or key. Absent means not limited; zero is refused where it is set.
#pragma once

#include <cstdint>
#include <optional>

#include "base/instant.hpp"
#include "domain/money.hpp"

namespace obleth {

struct Quota {
  std::optional<std::int64_t> tokens_per_minute;
  std::optional<std::int64_t> requests_per_minute;
  std::optional<std::uint32_t> max_in_flight;
  bool operator==(const Quota&) const = default;
};

enum class BudgetPeriod : std::uint8_t { day, week, month, lifetime };

struct Budget {
  BudgetPeriod period = BudgetPeriod::month;
  std::optional<WallTime> starts_at;
  std::optional<std::int64_t> tokens;
  std::optional<NanoUsd> cost;
  bool operator==(const Budget&) const = default;
};

}  // namespace obleth
