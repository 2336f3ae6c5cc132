#include "adapters/sqlite/usage_rollup.hpp"

#include <array>
#include <string>

#include "adapters/sqlite/statement.hpp"
#include "adapters/sqlite/usage_sum_columns.hpp"

namespace obleth::adapters {
namespace {

using ports::UsageBucket;

constexpr int first_error_status = 400;

std::string upsert_into(RollUpBy by, UsageBucket level) {
  std::string names;
  std::string marks;
  std::string cell;
  std::string additions;
  for (const CellColumn& column : cell_columns) {
    if (!tells(by, column)) continue;
    cell += (cell.empty() ? "" : ", ") + std::string(column.name);
    marks += "?, ";
  }
  for (const SumColumn& column : sum_columns) {
    const std::string name(column.name);
    names += name + ", ";
    marks += "?, ";
    additions += name + " = " + name + " + excluded." + name + ", ";
  }
  return "INSERT INTO " + roll_up_table(by, level) + " (" + cell + ", " + names + "durations) VALUES (" + marks +
         "?) ON CONFLICT (" + cell + ") DO UPDATE SET " + additions +
         "durations = merge_durations(durations, excluded.durations)";
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
    ports::UsageSums values = rolled_up.sums;
    for (const SumColumn& column : sum_columns)
      put.bind(column.of(values));
    const auto durations = rolled_up.durations.encoded();
    put.bind(std::span<const std::uint8_t>(durations)).run();
    put.again();
  }
}

}  // namespace

void RolledUp::add(const UsageRecord& record) {
  const auto count = [](std::int64_t& sum, std::int64_t amount) { sum = saturating_add(sum, amount); };
  const bool refused = record.admission == AdmissionOutcome::refused;
  count(sums.requests, 1);
  count(sums.errors, record.status >= first_error_status && !refused ? 1 : 0);
  count(sums.refusals, refused ? 1 : 0);
  count(sums.brownouts, record.admission == AdmissionOutcome::brownout ? 1 : 0);
  count(sums.cache_hits, record.cache == CacheOutcome::hit ? 1 : 0);
  count(sums.retries, record.retries);
  count(sums.input_tokens, record.tokens.prompt.value);
  count(sums.cached_tokens, record.tokens.cached.value);
  count(sums.output_tokens, record.tokens.output.value);
  count(sums.reasoning_tokens, record.tokens.reasoning.value);
  count(sums.tokens_saved, record.tokens_saved);
  count(sums.cost.value, record.cost.value);
  count(sums.gpu_ms, record.gpu_ms);
  count(sums.slot_ms, record.slot_ms);
  count(sums.queue_ms, record.queue_ms);
  if (refused) return;
  durations.add(DurationKind::total, record.total_ms);
  if (record.ttft_ms) durations.add(DurationKind::ttft, *record.ttft_ms);
  durations.add(DurationKind::queue, record.queue_ms);
}

void RolledUp::add(const RolledUp& other) {
  ports::UsageSums more = other.sums;
  for (const SumColumn& column : sum_columns)
    column.of(sums) = saturating_add(column.of(sums), column.of(more));
  durations.add(other.durations);
}

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
