#include "adapters/sqlite/usage_rollup.hpp"

#include <array>
#include <string>

#include "adapters/sqlite/statement.hpp"
#include "adapters/sqlite/usage_sum_columns.hpp"

namespace obleth::adapters {
namespace {

using ports::UsageBucket;

constexpr int first_error_status = 400;

std::string upsert_into(UsageBucket level) {
  std::string names;
  std::string marks;
  std::string additions;
  for (const SumColumn& column : sum_columns) {
    const std::string name(column.name);
    names += name + ", ";
    marks += "?, ";
    additions += name + " = " + name + " + excluded." + name + ", ";
  }
  return std::string("INSERT INTO ") + roll_up_table(level) + " (begin, tenant, key, model, grp, " + names +
         "durations) VALUES (?, ?, ?, ?, ?, " + marks +
         "?) ON CONFLICT (begin, tenant, key, model, grp) DO UPDATE SET " + additions +
         "durations = merge_durations(durations, excluded.durations)";
}

const std::string& upsert_of(UsageBucket level) {
  static const std::array sql{upsert_into(UsageBucket::minute), upsert_into(UsageBucket::hour),
                              upsert_into(UsageBucket::day)};
  return sql.at(static_cast<std::size_t>(level));
}

}  // namespace

const char* roll_up_table(UsageBucket level) {
  switch (level) {
    case UsageBucket::minute:
      return "usage_minutes";
    case UsageBucket::hour:
      return "usage_hours";
    case UsageBucket::day:
      return "usage_days";
  }
  return "usage_days";
}

void RolledUp::add(const UsageRecord& record) {
  const bool refused = record.admission == AdmissionOutcome::refused;
  ports::UsageSums one;
  one.requests = 1;
  one.errors = record.status >= first_error_status && !refused ? 1 : 0;
  one.refusals = refused ? 1 : 0;
  one.brownouts = record.admission == AdmissionOutcome::brownout ? 1 : 0;
  one.cache_hits = record.cache == CacheOutcome::hit ? 1 : 0;
  one.retries = record.retries;
  one.input_tokens = record.tokens.prompt.value;
  one.cached_tokens = record.tokens.cached.value;
  one.output_tokens = record.tokens.output.value;
  one.reasoning_tokens = record.tokens.reasoning.value;
  one.tokens_saved = record.tokens_saved;
  one.cost = record.cost;
  one.gpu_ms = record.gpu_ms;
  one.slot_ms = record.slot_ms;
  one.queue_ms = record.queue_ms;
  for (const SumColumn& column : sum_columns)
    column.of(sums) = saturating_add(column.of(sums), column.of(one));
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
  const std::int64_t minute_ms = length_ms(UsageBucket::minute);
  const std::int64_t begin_ms = record.ts.unix_ms / minute_ms * minute_ms;
  minutes_[{begin_ms, numbers.tenant, numbers.key, numbers.model, numbers.group}].add(record);
}

UsageRollUp::Sums UsageRollUp::coarser(const Sums& finer, UsageBucket bucket) {
  Sums sums;
  const std::int64_t length = length_ms(bucket);
  for (const auto& [key, sum] : finer) {
    Key wider = key;
    wider.begin_ms = key.begin_ms / length * length;
    sums[wider].add(sum);
  }
  return sums;
}

void UsageRollUp::write_level(SqliteConnection& connection, UsageBucket level, const Sums& sums) {
  for (const auto& [key, rolled_up] : sums) {
    Statement put(connection, upsert_of(level));
    put.bind(key.begin_ms).bind(key.tenant).bind(key.key).bind(key.model).bind(key.group);
    ports::UsageSums values = rolled_up.sums;
    for (const SumColumn& column : sum_columns)
      put.bind(column.of(values));
    const auto durations = rolled_up.durations.encoded();
    put.bind(std::span<const std::uint8_t>(durations)).run();
  }
}

void UsageRollUp::write(SqliteConnection& connection) const {
  const Sums hours = coarser(minutes_, UsageBucket::hour);
  write_level(connection, UsageBucket::minute, minutes_);
  write_level(connection, UsageBucket::hour, hours);
  write_level(connection, UsageBucket::day, coarser(hours, UsageBucket::day));
}

}  // namespace obleth::adapters
