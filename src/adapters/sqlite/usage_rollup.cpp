#include "adapters/sqlite/usage_rollup.hpp"

#include "adapters/sqlite/period_closing.hpp"
#include "adapters/sqlite/statement.hpp"

namespace obleth::adapters {
namespace {

using ports::UsageBucket;

// What came too late for its hour or day to be summed with the others.
void write_late(SqliteConnection& connection, const CellSums& minutes, UsageBucket level,
                const ClosedPeriods::Level& closed) {
  CellSums of_tenants;
  CellSums of_models;
  for (const auto& [cell, sum] : minutes) {
    const std::int64_t begin_ms = wider(cell, RollUpBy::all, level).begin_ms;
    if (closed.hold(begin_ms, cell.tenant)) of_tenants.emplace(cell, sum);
    if (closed.hold(begin_ms)) of_models.emplace(cell, sum);
  }
  add_to_tenants(connection, level, of_tenants);
  add_to_models(connection, level, of_models);
}

}  // namespace

void UsageRollUp::add(const UsageRecord& record, const UsageNumbers& numbers) {
  const std::int64_t minute = length_ms(UsageBucket::minute);
  const std::int64_t hour = length_ms(UsageBucket::hour);
  const std::int64_t ms = record.ts.unix_ms;
  const RollUpCell cell{numbers.tenant, ms / minute * minute, numbers.key, numbers.model, numbers.group};
  if (last_ == nullptr || last_->first != cell) last_ = &*minutes_.try_emplace(cell).first;
  last_->second.add(record);
  const KindOfHour kind{ms / hour * hour, numbers.kind};
  if (last_kind_ != kind) kinds_.insert(kind);
  last_kind_ = kind;
}

void UsageRollUp::write(SqliteConnection& connection, const ClosedPeriods& closed) const {
  add_to_table(connection, RollUpBy::all, UsageBucket::minute, minutes_);
  add_to_table(connection, RollUpBy::model, UsageBucket::minute,
               coarser(minutes_, RollUpBy::model, UsageBucket::minute));
  write_late(connection, minutes_, UsageBucket::hour, closed.hours);
  write_late(connection, minutes_, UsageBucket::day, closed.days);
  Statement note(connection, "INSERT OR IGNORE INTO usage_kinds VALUES (?, ?)");
  for (const KindOfHour& kind : kinds_) {
    note.bind(kind.begin_ms).bind(kind.number).run();
    note.again();
  }
}

}  // namespace obleth::adapters
