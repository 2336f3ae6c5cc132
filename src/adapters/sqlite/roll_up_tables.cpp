#include "adapters/sqlite/roll_up_tables.hpp"

#include <string>

#include "adapters/sql/store_failure.hpp"
#include "adapters/sqlite/statement.hpp"

namespace obleth::adapters {
namespace {

using ports::UsageBucket;

std::string upsert_into(RollUpBy by, UsageBucket level) {
  std::string marks;
  std::string cell;
  for (const CellColumn& column : cell_columns) {
    if (!tells(by, column)) continue;
    cell += (cell.empty() ? "" : ", ") + std::string(column.name);
    marks += "?, ";
  }
  return "INSERT INTO " + roll_up_table(by, level) + " (" + cell + ", sums) VALUES (" + marks + "?) ON CONFLICT (" +
         cell + ") DO UPDATE SET sums = merge_sums(sums, excluded.sums)";
}

}  // namespace

RollUpCell wider(const RollUpCell& cell, RollUpBy by, UsageBucket level) {
  RollUpCell wider;
  for (const CellColumn& column : cell_columns)
    if (tells(by, column)) wider.*column.of = cell.*column.of;
  wider.begin_ms = cell.begin_ms / length_ms(level) * length_ms(level);
  return wider;
}

CellSums coarser(const CellSums& finer, RollUpBy by, UsageBucket level) {
  CellSums sums;
  for (const auto& [cell, sum] : finer)
    sums[wider(cell, by, level)].add(sum);
  return sums;
}

void add_to_table(SqliteConnection& connection, RollUpBy by, UsageBucket level, const CellSums& sums) {
  if (sums.empty()) return;
  const std::string sql = upsert_into(by, level);
  Statement put(connection, sql);
  for (const auto& [cell, rolled_up] : sums) {
    for (const CellColumn& column : cell_columns)
      if (tells(by, column)) put.bind(cell.*column.of);
    const std::string bytes = packed(rolled_up);
    put.bind(std::span(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size())).run();
    put.again();
  }
}

void add_stored(RolledUp& sum, std::span<const std::uint8_t> bytes, Durations durations) {
  if (!add_packed(sum, bytes, durations))
    throw StoreFailure(store_fault(FaultKind::broken, "the database holds sums that are damaged"));
}

}  // namespace obleth::adapters
