#include "adapters/sqlite/usage_tally.hpp"

#include <algorithm>

#include "adapters/sqlite/closed_periods.hpp"
#include "adapters/sqlite/roll_up_tables.hpp"
#include "adapters/sqlite/statement.hpp"
#include "adapters/sqlite/usage_cells.hpp"
#include "adapters/sqlite/usage_rows.hpp"
#include "adapters/sqlite/usage_schema.hpp"
#include "adapters/sqlite/usage_walk.hpp"

namespace obleth::adapters {
namespace {

using ports::UsageBucket;
using ports::UsageDimension;

const char* column_of(UsageDimension by) {
  switch (by) {
    case UsageDimension::tenant:
      return "tenant";
    case UsageDimension::key:
      return "key";
    case UsageDimension::model:
      return "model";
    case UsageDimension::group:
      return "grp";
  }
  return "grp";
}

UsageBucket bucket_of(UsageLevel level) {
  if (level == UsageLevel::minutes) return UsageBucket::minute;
  return level == UsageLevel::hours ? UsageBucket::hour : UsageBucket::day;
}

UsageCut cut_for(SqliteConnection& connection, std::optional<UsageBucket> bucket) {
  const ClosedPeriods closed = closed_periods(connection);
  const UsageLevel coarsest = bucket == UsageBucket::minute ? UsageLevel::minutes
                              : bucket == UsageBucket::hour ? UsageLevel::hours
                                                            : UsageLevel::days;
  return {.coarsest = coarsest,
          .minutes_since_ms = meta_value(connection, "minutes_since"),
          .hours_until_ms = closed.hours.until_ms,
          .days_until_ms = closed.days.until_ms};
}

// The smallest table that tells apart what the question names.
RollUpBy roll_up_for(const TallyQuestion& question, const ScopeNumbers& scope, UsageLevel level) {
  const bool names_tenant =
      scope.tenant || scope.key || question.by == UsageDimension::tenant || question.by == UsageDimension::key;
  const bool names_model = scope.model || question.by == UsageDimension::model;
  if (!names_tenant) return RollUpBy::model;
  return names_model || level == UsageLevel::minutes ? RollUpBy::all : RollUpBy::key;
}

// Every statement has the values 1 to 5; the tenant is the sixth where one is asked for.
std::string passing(std::string_view column, const char* value, bool is_told) {
  if (!is_told) return std::string(" AND ") + value + " IS NULL";
  return std::string(" AND (") + value + " IS NULL OR " + std::string(column) + " = " + value + ")";
}

std::string statement_over_sums(const std::string& group, const ScopeNumbers& scope, RollUpBy by, UsageBucket level) {
  std::string sql = "SELECT " + group + ", begin, sums FROM ";
  const std::string table = roll_up_table(by, level);
  const bool by_tenants = by != RollUpBy::model;
  // A tenant's sums lie together: those of all tenants are found one tenant after the other.
  sql +=
      by_tenants && !scope.tenant ? "tenants AS t CROSS JOIN " + table + " ON tenant = t.number AND" : table + " WHERE";
  sql += " begin >= ?1 AND begin < ?2";
  return sql + passing("key", "?3", by_tenants) + passing("model", "?4", by != RollUpBy::key) +
         passing("grp", "?5", true) + (scope.tenant ? " AND tenant = ?6" : "");
}

std::int64_t group_of_row(const UsageHead& head, const UsageKind& kind, std::optional<UsageDimension> by) {
  if (!by) return 0;
  switch (*by) {
    case UsageDimension::tenant:
      return head.tenant;
    case UsageDimension::key:
      return head.key;
    case UsageDimension::model:
      return kind.model;
    case UsageDimension::group:
      return kind.group;
  }
  return 0;
}

}  // namespace

UsageTally::UsageTally(SqliteConnection& connection, TallyQuestion question)
    : connection_(connection), question_(question), cut_(cut_for(connection, question.bucket)), kinds_(connection) {}

std::string tally_statement(const TallyQuestion& question, const ScopeNumbers& scope, UsageLevel level) {
  const std::string group = question.by ? column_of(*question.by) : "0";
  return statement_over_sums(group, scope, roll_up_for(question, scope, level), bucket_of(level));
}

UsageTallies UsageTally::of(const ScopeNumbers& scope) {
  tallies_.clear();
  add(scope);
  return std::move(tallies_);
}

UsageTallies UsageTally::of(const ScopeNumbers& scope, std::span<const std::int64_t> groups) {
  tallies_.clear();
  const bool by_key = question_.by == UsageDimension::key;
  if (by_key || question_.by == UsageDimension::tenant) {
    // Each of them lies by itself: what the others have is not read.
    for (const std::int64_t number : groups) {
      ScopeNumbers one = scope;
      one.tenant = by_key ? tenant_of_key(connection_, number) : number;
      if (by_key) one.key = number;
      add(one);
    }
  } else {
    add(scope);
    std::erase_if(tallies_,
                  [&](const auto& tally) { return std::ranges::find(groups, tally.first.group) == groups.end(); });
  }
  return std::move(tallies_);
}

void UsageTally::add(const ScopeNumbers& scope) {
  for (const UsagePiece& piece : pieces_of({{scope.begin_ms}, {scope.end_ms}}, cut_)) {
    if (piece.level == UsageLevel::rows) {
      add_rows(scope, piece);
    } else {
      add_sums(scope, piece);
    }
  }
}

RolledUp& UsageTally::tally_of(std::int64_t group, std::int64_t ms) {
  const std::int64_t length = question_.bucket ? length_ms(*question_.bucket) : 0;
  return tallies_[{.group = group, .begin_ms = length > 0 ? ms / length * length : 0}];
}

void UsageTally::add_rows(const ScopeNumbers& scope, const UsagePiece& piece) {
  const KindChoice kinds(connection_, {.model = scope.model, .group = scope.group});
  UsageWalk walk(connection_, {.places = {first_place_of({piece.begin_ms}), first_place_of({piece.end_ms})},
                               .tenant = scope.tenant,
                               .key = scope.key,
                               .kinds = &kinds});
  while (const WalkedRow* row = walk.next()) {
    const UsageKind& kind = kinds_.of(row->head.kind);
    UsageRecord record;
    read_sums_of(kind, row->rest, record);
    tally_of(group_of_row(row->head, kind, question_.by), time_of_place(row->place).unix_ms).add(record);
  }
}

void UsageTally::add_sums(const ScopeNumbers& scope, const UsagePiece& piece) {
  const std::string sql = tally_statement(question_, scope, piece.level);
  Statement ask(connection_, sql);
  ask.bind(piece.begin_ms).bind(piece.end_ms).bind(scope.key).bind(scope.model).bind(scope.group);
  if (scope.tenant) ask.bind(*scope.tenant);
  const auto durations = question_.with_durations ? Durations::added : Durations::left_out;
  while (ask.step()) {
    Row row(ask);
    const std::int64_t group = row.integer();
    RolledUp& tally = tally_of(group, row.integer());
    add_stored(tally, row.blob(), durations);
  }
}

}  // namespace obleth::adapters
