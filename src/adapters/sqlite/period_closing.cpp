#include "adapters/sqlite/period_closing.hpp"

#include <algorithm>
#include <optional>

#include "adapters/sqlite/closed_periods.hpp"
#include "adapters/sqlite/spending_table.hpp"
#include "adapters/sqlite/statement.hpp"
#include "adapters/sqlite/usage_schema.hpp"

namespace obleth::adapters {
namespace {

using ports::UsageBucket;

std::optional<std::int64_t> first_begin(SqliteConnection& connection, UsageBucket level, std::int64_t since_ms) {
  const std::string sql = "SELECT min(begin) FROM " + roll_up_table(RollUpBy::model, level) + " WHERE begin >= ?";
  Statement find(connection, sql);
  find.bind(since_ms);
  if (!find.step()) return std::nullopt;
  return Row(find).maybe(&Row::integer);
}

std::int64_t last_tenant(SqliteConnection& connection) {
  Statement find(connection, "SELECT coalesce(max(number), 0) FROM tenants");
  return find.step() ? Row(find).integer() : 0;
}

// From columns in the order of cell_columns.
RollUpCell read_cell(Row& row, RollUpBy by) {
  RollUpCell cell;
  for (const CellColumn& column : cell_columns)
    if (tells(by, column)) cell.*column.of = row.integer();
  return cell;
}

// One level of the roll-ups, from the finer one before it.
class PeriodClosing {
 public:
  PeriodClosing(SqliteConnection& connection, ClosedPeriods& closed, UsageBucket level)
      : connection_(connection),
        level_(level),
        finer_(level == UsageBucket::day ? UsageBucket::hour : UsageBucket::minute),
        grain_ms_(level == UsageBucket::day ? day_ms : quarter_ms),
        of_level_(level == UsageBucket::day ? closed.days : closed.hours) {}

  // finer_until_ms: up to where the finer sums are complete. left: what the step may still do. False: no period with
  // rows is over.
  [[nodiscard]] bool close_some(std::int64_t finer_until_ms, ClosingStep& left) {
    if (end_ms() <= finer_until_ms && of_level_.tenants_max == 0) skip_empty(finer_until_ms);
    if (end_ms() > finer_until_ms) return false;
    const std::int64_t last = last_tenant(connection_);
    close_tenants(last, left);
    if (of_level_.tenants_max >= last) close_period(left);
    return true;
  }

 private:
  [[nodiscard]] std::int64_t end_ms() const { return of_level_.until_ms + length_ms(level_); }

  // To the next period that has rows, or the next that is not over.
  void skip_empty(std::int64_t finer_until_ms) {
    const std::int64_t next = first_begin(connection_, finer_, of_level_.until_ms).value_or(finer_until_ms);
    of_level_.until_ms = std::min(next, finer_until_ms) / length_ms(level_) * length_ms(level_);
  }

  void close_tenants(std::int64_t last, ClosingStep& left) {
    const std::int64_t before = of_level_.tenants_max;
    std::int64_t closed = std::min(last, before + left.tenants_max);
    const std::string sql = closing_statement(finer_);
    Statement read(connection_, sql);
    read.bind(before).bind(closed).bind(of_level_.until_ms).bind(end_ms());
    CellSums sums;
    std::int64_t tenant = before;
    std::size_t count = 0;
    for (; read.step(); ++count) {
      Row row(read);
      RollUpCell cell = read_cell(row, RollUpBy::all);
      if (count >= left.sums_max && cell.tenant != tenant) {
        closed = tenant;
        break;
      }
      tenant = cell.tenant;
      cell.begin_ms = cell.begin_ms / grain_ms_ * grain_ms_;
      add_stored(sums[cell], row.blob());
    }
    add_to_tenants(connection_, level_, sums);
    of_level_.tenants_max = closed;
    left.tenants_max -= closed - before;
    left.sums_max -= std::min(left.sums_max, count);
  }

  void close_period(ClosingStep& left) {
    const std::string sql = "SELECT begin, model, grp, sums FROM " + roll_up_table(RollUpBy::model, finer_) +
                            " WHERE begin >= ? AND begin < ?";
    Statement read(connection_, sql);
    read.bind(of_level_.until_ms).bind(end_ms());
    CellSums sums;
    std::size_t count = 0;
    for (; read.step(); ++count) {
      Row row(read);
      const RollUpCell cell = read_cell(row, RollUpBy::model);
      add_stored(sums[cell], row.blob());
    }
    add_to_models(connection_, level_, sums);
    of_level_ = {.until_ms = end_ms()};
    left.sums_max -= std::min(left.sums_max, count);
  }

  SqliteConnection& connection_;
  UsageBucket level_;
  UsageBucket finer_;
  std::int64_t grain_ms_;  // what add_to_tenants() tells apart
  ClosedPeriods::Level& of_level_;
};

}  // namespace

bool close_some(SqliteConnection& connection, WallTime latest, ClosingStep step) {
  const ClosedPeriods before = closed_periods(connection);
  ClosedPeriods closed = before;
  bool goes_on = true;
  while (goes_on && !step.is_over()) {
    goes_on =
        PeriodClosing(connection, closed, UsageBucket::hour).close_some(latest.unix_ms - closing_delay_ms, step) ||
        PeriodClosing(connection, closed, UsageBucket::day).close_some(closed.hours.until_ms, step);
  }
  if (closed != before) note_closed_periods(connection, closed);
  return goes_on;
}

void add_to_tenants(SqliteConnection& connection, UsageBucket level, const CellSums& finer) {
  const CellSums sums = coarser(finer, RollUpBy::all, level);
  add_to_table(connection, RollUpBy::all, level, sums);
  add_to_table(connection, RollUpBy::key, level, coarser(sums, RollUpBy::key, level));
  add_spending(connection, level == UsageBucket::day ? SpendingUnit::day : SpendingUnit::quarter, finer);
}

void add_to_models(SqliteConnection& connection, UsageBucket level, const CellSums& finer) {
  add_to_table(connection, RollUpBy::model, level, coarser(finer, RollUpBy::model, level));
}

std::string closing_statement(UsageBucket finer) {
  return "SELECT tenant, begin, key, model, grp, sums FROM tenants AS t CROSS JOIN " +
         roll_up_table(RollUpBy::all, finer) +
         " ON tenant = t.number AND begin >= ?3 AND begin < ?4 WHERE t.number > ?1 AND t.number <= ?2"
         " ORDER BY t.number";
}

}  // namespace obleth::adapters
