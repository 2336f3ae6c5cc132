#include "adapters/sqlite/usage_rollup.hpp"

#include <array>
#include <string>

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

// The sums of a coarser table, from those of a finer one.
template <class Sums>
Sums coarser(const Sums& finer, RollUpBy by, UsageBucket level) {
  Sums sums;
  const std::int64_t length = length_ms(level);
  for (const auto& [cell, sum] : finer) {
    UsageCell wider;
    for (const CellColumn& column : cell_columns)
      if (tells(by, column)) wider.*column.of = cell.*column.of;
    wider.begin_ms = cell.begin_ms / length * length;
    sums[wider].add(sum);
  }
  return sums;
}

template <class Sums>
void write_table(SqliteConnection& connection, RollUpBy by, UsageBucket level, const Sums& sums) {
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

}  // namespace

void UsageRollUp::add(const UsageRecord& record, const UsageNumbers& numbers) {
  const std::int64_t minute = length_ms(UsageBucket::minute);
  const std::int64_t hour = length_ms(UsageBucket::hour);
  const std::int64_t ms = record.ts.unix_ms;
  const UsageCell cell{numbers.tenant, ms / minute * minute, numbers.key, numbers.model, numbers.group};
  if (last_ == nullptr || last_->first != cell) last_ = &*minutes_.try_emplace(cell).first;
  last_->second.add(record);
  const KindOfHour kind{ms / hour * hour, numbers.kind};
  if (last_kind_ != kind) kinds_.insert(kind);
  last_kind_ = kind;
}

void UsageRollUp::write(SqliteConnection& connection) const {
  const Sums hours = coarser(minutes_, RollUpBy::all, UsageBucket::hour);
  const Sums days = coarser(hours, RollUpBy::all, UsageBucket::day);
  write_table(connection, RollUpBy::all, UsageBucket::minute, minutes_);
  write_table(connection, RollUpBy::model, UsageBucket::minute,
              coarser(minutes_, RollUpBy::model, UsageBucket::minute));
  write_table(connection, RollUpBy::all, UsageBucket::hour, hours);
  write_table(connection, RollUpBy::all, UsageBucket::day, days);
  for (const RollUpBy by : {RollUpBy::key, RollUpBy::model}) {
    write_table(connection, by, UsageBucket::hour, coarser(hours, by, UsageBucket::hour));
    write_table(connection, by, UsageBucket::day, coarser(days, by, UsageBucket::day));
  }
  Statement note(connection, "INSERT OR IGNORE INTO usage_kinds VALUES (?, ?)");
  for (const KindOfHour& kind : kinds_) {
    note.bind(kind.begin_ms).bind(kind.number).run();
    note.again();
  }
}

}  // namespace obleth::adapters
