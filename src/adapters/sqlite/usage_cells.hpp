// What the roll-ups of the ledger are divided by: which tables there are, and which names each of them tells apart.
//
// Few sums answer most questions: models and groups have a table of their own, tenants and keys another, and only who
// asks for both reads the finest. Pure.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "ports/usage_ledger.hpp"

namespace obleth::adapters {

enum class RollUpBy : std::uint8_t { model, key, all };

// One sum of a roll-up; what its table does not tell apart is 0. Ordered as the tables are.
struct RollUpCell {
  std::int64_t tenant = 0;
  std::int64_t begin_ms = 0;
  std::int64_t key = 0;
  std::int64_t model = 0;
  std::int64_t group = 0;
  auto operator<=>(const RollUpCell&) const = default;
};

struct CellColumn {
  std::string_view name;
  std::int64_t RollUpCell::* of;
  bool by_model;  // whether that table has it
  bool by_key;
};

inline constexpr std::array cell_columns{
    CellColumn{"tenant", &RollUpCell::tenant, false, true}, CellColumn{"begin", &RollUpCell::begin_ms, true, true},
    CellColumn{"key", &RollUpCell::key, false, true},       CellColumn{"model", &RollUpCell::model, true, false},
    CellColumn{"grp", &RollUpCell::group, true, true},
};

[[nodiscard]] constexpr bool tells(RollUpBy by, const CellColumn& column) {
  return by == RollUpBy::all || (by == RollUpBy::key ? column.by_key : column.by_model);
}

// There are none by key for minutes.
[[nodiscard]] inline std::string roll_up_table(RollUpBy by, ports::UsageBucket level) {
  constexpr std::array levels{"usage_minutes", "usage_hours", "usage_days"};
  constexpr std::array names{"_by_model", "_by_key", "_by_all"};
  return std::string(levels.at(static_cast<std::size_t>(level))) + names.at(static_cast<std::size_t>(by));
}

}  // namespace obleth::adapters
