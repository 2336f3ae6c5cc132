#include "adapters/clickhouse/usage_questions.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "adapters/clickhouse/clickhouse_link.hpp"
#include "adapters/clickhouse/row_binary.hpp"
#include "adapters/clickhouse/usage_columns.hpp"
#include "adapters/clickhouse/usage_sums.hpp"
#include "domain/duration_sketch.hpp"

namespace obleth::adapters {
namespace {

using ports::UsageDimension;

constexpr std::int64_t second_ms = 1000;
constexpr std::int64_t hour_s = 3600;
constexpr std::int64_t day_s = 86'400;
constexpr std::int64_t latest_s = (1LL << 32) - 1;  // that DateTime holds
constexpr std::string_view at_ms = "(toInt64(toUInt32(ts)) * 1000 + ts_ms)";

std::string number(std::int64_t value) {
  return std::to_string(value);
}

// Half open, to the millisecond; first by the columns that the table is ordered and divided by.
std::string in_span(std::int64_t begin_ms, std::int64_t end_ms) {
  const std::int64_t begin_s = begin_ms / second_ms;
  const std::int64_t end_s = std::min((end_ms + second_ms - 1) / second_ms, latest_s);
  const std::string moment(at_ms);
  std::string where =
      "hour >= toDateTime(" + number(begin_s - begin_s % hour_s) + ") AND ts >= toDateTime(" + number(begin_s) + ")";
  where += " AND hour <= toDateTime(" + number(end_s) + ") AND ts <= toDateTime(" + number(end_s) + ")";
  return where + " AND " + moment + " >= " + number(begin_ms) + " AND " + moment + " < " + number(end_ms);
}

// What is kept at the last moment that there is, is in every span that goes as far.
std::int64_t end_of(WallSpan span) {
  const std::int64_t end_ms = kept_ms(span.end);
  return end_ms == latest_s * second_ms ? end_ms + 1 : end_ms;
}

std::string of_scope(const ports::UsageScope& scope) {
  std::string where;
  if (scope.tenant) where += " AND tenant_id = " + quoted(scope.tenant->uuid());
  if (scope.key) where += " AND key_id = " + quoted(scope.key->uuid());
  if (!scope.model.empty()) where += " AND model = " + quoted(scope.model);
  if (!scope.group.empty()) where += " AND grp = " + quoted(scope.group);
  return where;
}

std::string in_scope(const ports::UsageScope& scope) {
  return in_span(kept_ms(scope.span.begin), end_of(scope.span)) + of_scope(scope);
}

// Whether the hour of a row is in one of them.
std::string in_days(const std::vector<WallSpan>& days) {
  std::string any;
  for (const WallSpan& span : days) {
    any += (any.empty() ? "(" : " OR ") + std::string("(hour >= toDateTime(") + number(span.begin.unix_ms / second_ms) +
           ") AND hour < toDateTime(" + number(span.end.unix_ms / second_ms) + "))";
  }
  return any + ")";
}

std::string_view group_column(UsageDimension by) {
  switch (by) {
    case UsageDimension::tenant:
      return "tenant_id";
    case UsageDimension::key:
      return "key_id";
    case UsageDimension::model:
      return "model";
    case UsageDimension::group:
      return "grp";
  }
  return "grp";
}

std::string from_usage(const std::string& database) {
  return " FROM " + database + ".usage FINAL WHERE ";
}

Fault unreadable() {
  return store_fault(FaultKind::broken, "ClickHouse's answer is not what was asked for");
}

ports::DurationQuantiles quantiles_of(const DurationSketch& sketch, DurationKind kind) {
  const auto [p50_ms, p95_ms, p99_ms] = sketch.quantiles_ms<3>(kind, {500, 950, 990});
  return {.p50_ms = p50_ms, .p95_ms = p95_ms, .p99_ms = p99_ms};
}

// sumMap's answer: the buckets, then how many durations are in each.
DurationSketch read_sketch(RowBinaryReader& reader) {
  std::vector<std::uint16_t> buckets(std::min<std::uint64_t>(reader.varint(), 0x10000));
  for (std::uint16_t& bucket : buckets)
    bucket = reader.integer<std::uint16_t>();
  const std::uint64_t counts = reader.varint();
  DurationSketch sketch;
  for (std::uint64_t at = 0; at < counts && at < buckets.size(); ++at) {
    // The bucket of those that have no such time is none of the sketch's.
    static_cast<void>(sketch.add_to_bucket(buckets[at], reader.integer<std::uint64_t>()));
  }
  return sketch;
}

UsageCell read_cell(RowBinaryReader& reader, std::optional<UsageDimension> by) {
  UsageCell cell;
  const std::string group = reader.text();
  const std::string tenant = reader.text();
  cell.begin_ms = reader.integer<std::int64_t>();
  for (const UsageSum& sum : usage_sums)
    sum.of(cell.sums) = reader.integer<std::int64_t>();
  const DurationSketch sketch = read_sketch(reader);
  cell.sums.total = quantiles_of(sketch, DurationKind::total);
  cell.sums.ttft = quantiles_of(sketch, DurationKind::ttft);
  cell.sums.queue = quantiles_of(sketch, DurationKind::queue);
  if (!by) return cell;
  if (*by == UsageDimension::tenant || *by == UsageDimension::key) {
    cell.group.tenant = TenantId::from_text(tenant).value_or(TenantId{});
  } else {
    cell.group.name = group;
  }
  if (*by == UsageDimension::key) cell.group.key = KeyId::from_text(group).value_or(KeyId{});
  return cell;
}

}  // namespace

std::string sums_question(const std::string& database, const ports::UsageScope& scope, const UsageDivision& division,
                          const std::vector<WallSpan>& rolled_up) {
  const std::string group = division.by ? std::string(group_column(*division.by)) : "''";
  const std::string length = division.bucket ? number(length_ms(*division.bucket)) : "1";
  const auto part_of = [&](std::string_view moment, bool is_row) {
    const std::string bucket =
        division.bucket ? "intDiv(" + std::string(moment) + ", " + length + ") * " + length : "0";
    std::string part = "SELECT " + group + " AS group_id, tenant_id, toInt64(" + bucket + ") AS begin_ms";
    for (std::size_t at = 0; at < usage_sums.size(); ++at) {
      const UsageSum& sum = usage_sums.at(at);
      part += ", toInt64(" + std::string(is_row ? sum.of_row : sum.name) + ") AS value_" + std::to_string(at);
    }
    part.append(", ").append(is_row ? row_buckets : "buckets").append(" AS in_buckets, ");
    return part.append(is_row ? row_counts : "counts").append(" AS in_counts");
  };
  std::string only;
  for (const std::string& id : division.only)
    only += (only.empty() ? " AND " + group + " IN (" : ", ") + quoted(id);
  if (!only.empty()) only += ")";
  std::string from = part_of(at_ms, true) + from_usage(database) + in_scope(scope) + only;
  if (!rolled_up.empty()) {
    from += " AND NOT " + in_days(rolled_up) + " UNION ALL " + part_of("toInt64(toUInt32(hour)) * 1000", false) +
            " FROM " + database + ".usage_hours FINAL WHERE " + in_days(rolled_up) + of_scope(scope) + only;
  }
  const bool has_tenant = division.by == UsageDimension::tenant || division.by == UsageDimension::key;
  std::string sql = "SELECT group_id, " + std::string(has_tenant ? "any(tenant_id)" : "''") + ", begin_ms";
  for (std::size_t at = 0; at < usage_sums.size(); ++at) {
    sql += ", toInt64(sum(value_" + std::to_string(at) + "))";
    if (usage_sums.at(at).name == "cost") sql += " AS total_cost";
    if (usage_sums.at(at).name == "requests") sql += " AS total_requests";
  }
  sql += ", sumMap(in_buckets, in_counts) FROM (" + from + ") GROUP BY group_id, begin_ms";
  if (division.groups_max > 0) {
    sql += " ORDER BY total_cost DESC, total_requests DESC, group_id LIMIT " +
           number(static_cast<std::int64_t>(division.groups_max));
  } else {
    sql += " ORDER BY group_id, begin_ms";
  }
  return sql + " FORMAT RowBinary";
}

Result<std::vector<UsageCell>> read_cells(std::string_view answer, std::optional<UsageDimension> by) {
  RowBinaryReader reader(answer);
  std::vector<UsageCell> cells;
  while (!reader.at_end())
    cells.push_back(read_cell(reader, by));
  if (reader.broken()) return fail(unreadable());
  return cells;
}

std::string group_id(const ports::UsageGroup& group, UsageDimension by) {
  if (by == UsageDimension::tenant) return group.tenant.uuid();
  return by == UsageDimension::key ? group.key.uuid() : group.name;
}

std::string cursor_after(const UsageRecord& last) {
  return number(last.ts.unix_ms) + "." + last.event_id.uuid();
}

Result<std::string> rows_question(const std::string& database, const ports::UsageRowsRequest& request) {
  const ports::UsageRowFilter& filter = request.filter;
  std::string sql = "SELECT " + usage_columns() + from_usage(database) + in_scope(filter.scope);
  if (!filter.route.empty()) sql += " AND route = " + quoted(filter.route);
  if (filter.status) sql += " AND status = " + number(*filter.status);
  if (filter.admission) sql += " AND admission = " + number(static_cast<int>(*filter.admission));
  if (filter.event_id) sql += " AND event_id = " + quoted(filter.event_id->uuid());
  if (!filter.client_request_id.empty()) sql += " AND client_request_id = " + quoted(filter.client_request_id);
  if (!request.cursor.empty()) {
    std::int64_t last_ms = 0;
    const char* const end = request.cursor.data() + request.cursor.size();
    const auto read = std::from_chars(request.cursor.data(), end, last_ms);
    const std::string_view rest(read.ptr, static_cast<std::size_t>(end - read.ptr));
    const auto id = rest.starts_with('.') ? EventId::from_text(rest.substr(1)) : std::nullopt;
    if (read.ec != std::errc() || !id || last_ms < 0) {
      return fail(client_fault(FaultKind::invalid, "the cursor is not one that a list has given", "cursor"));
    }
    const std::string beyond = request.oldest_first ? " > " : " < ";
    const std::string moment(at_ms);
    sql += " AND (" + moment + beyond + number(last_ms) + " OR (" + moment + " = " + number(last_ms) + " AND event_id" +
           beyond + quoted(id->uuid()) + "))";
  }
  const std::string order = request.oldest_first ? "" : " DESC";
  const std::size_t rows_max = std::clamp<std::size_t>(request.limit, 1, ports::usage_rows_max);
  return sql + " ORDER BY ts" + order + ", ts_ms" + order + ", event_id" + order + " LIMIT " +
         number(static_cast<std::int64_t>(rows_max + 1)) + " FORMAT RowBinary";
}

std::string row_question(const std::string& database, EventId id) {
  return "SELECT " + usage_columns() + from_usage(database) + "event_id = " + quoted(id.uuid()) +
         " LIMIT 1 FORMAT RowBinary";
}

Result<std::vector<UsageRecord>> read_rows(std::string_view answer) {
  RowBinaryReader reader(answer);
  std::vector<UsageRecord> rows;
  while (!reader.at_end())
    rows.push_back(read_usage_row(reader));
  if (reader.broken()) return fail(unreadable());
  return rows;
}

std::string spending_question(const std::string& database, const ports::SpendingAccount& account, WallSpan span) {
  const auto* tenant = std::get_if<TenantId>(&account);
  const std::string whose = tenant != nullptr ? "tenant_id = " + quoted(tenant->uuid())
                                              : "key_id = " + quoted(std::get<KeyId>(account).uuid());
  const std::int64_t begin_ms = kept_ms(span.begin);
  const std::int64_t end_ms = end_of(span);
  // A day that the span cuts counts as a whole, never too little.
  const std::int64_t first_day = begin_ms / second_ms / day_s * day_s;
  const std::string dropped_before = "(SELECT max(value) FROM " + database + ".marks WHERE name = 'kept_since')";
  const std::string sum = "SELECT toInt64(sum(tokens)), toInt64(sum(cost)) FROM (";
  std::string rows = "SELECT input_tokens + output_tokens AS tokens, cost" + from_usage(database) + whose + " AND " +
                     in_span(begin_ms, end_ms) + " AND toUInt32(ts) >= " + dropped_before;
  std::string days = "SELECT tokens, cost FROM " + database + ".spending_days FINAL WHERE " + whose +
                     " AND day_s >= " + number(first_day) + " AND toInt64(day_s) * 1000 < " + number(end_ms) +
                     " AND day_s < " + dropped_before;
  return sum + rows + " UNION ALL " + days + ") FORMAT RowBinary";
}

std::string names_question(const std::string& database, const std::set<TenantId>& tenants) {
  std::string list;
  for (const TenantId& tenant : tenants)
    list += (list.empty() ? "" : ", ") + quoted(tenant.uuid());
  return "SELECT tenant_id, argMax(name, ver) FROM " + database + ".tenant_names WHERE tenant_id IN (" + list +
         ") GROUP BY tenant_id FORMAT RowBinary";
}

std::string tenant_question(const std::string& database, const std::string& name) {
  return "SELECT tenant_id, last_name FROM (SELECT tenant_id, argMax(name, ver) AS last_name, max(ver) AS last_ver "
         "FROM " +
         database + ".tenant_names GROUP BY tenant_id) WHERE last_name = " + quoted(name) +
         " ORDER BY last_ver DESC LIMIT 1 FORMAT RowBinary";
}

Result<std::map<TenantId, std::string>> read_names(std::string_view answer) {
  RowBinaryReader reader(answer);
  std::map<TenantId, std::string> names;
  while (!reader.at_end()) {
    const auto tenant = TenantId::from_text(reader.text());
    std::string name = reader.text();
    if (tenant) names.emplace(*tenant, std::move(name));
  }
  if (reader.broken()) return fail(unreadable());
  return names;
}

Result<ports::Spending> read_spending(std::string_view answer) {
  RowBinaryReader reader(answer);
  ports::Spending spending;
  spending.tokens = reader.integer<std::int64_t>();
  spending.cost = {reader.integer<std::int64_t>()};
  if (reader.broken()) return fail(unreadable());
  return spending;
}

}  // namespace obleth::adapters
