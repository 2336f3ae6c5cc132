#include "adapters/clickhouse/clickhouse_usage_ledger.hpp"

#include <algorithm>
#include <utility>

#include "adapters/clickhouse/row_binary.hpp"
#include "adapters/clickhouse/usage_columns.hpp"
#include "adapters/clickhouse/usage_retention.hpp"
#include "adapters/clickhouse/usage_schema.hpp"

namespace obleth::adapters {
namespace {

std::string encoded(std::span<const UsageRecord> rows, std::uint64_t version) {
  RowBinaryWriter writer;
  for (const UsageRecord& row : rows)
    write_usage_row(writer, row, version);
  return writer.take();
}

// What the tenants of these rows were called last.
std::string encoded_names(std::span<const UsageRecord> rows) {
  std::map<std::pair<TenantId, std::string>, std::int64_t> latest;
  for (const UsageRecord& row : rows) {
    if (row.tenant.empty()) continue;
    std::int64_t& at = latest[{row.tenant_id, row.tenant}];
    at = std::max(at, kept_ms(row.ts));
  }
  RowBinaryWriter writer;
  for (const auto& [who, at] : latest)
    writer.text(who.first.uuid()).text(who.second).integer(static_cast<std::uint64_t>(at));
  return writer.take();
}

void name_groups(std::vector<UsageCell>& cells, const std::map<TenantId, std::string>& names) {
  for (UsageCell& cell : cells) {
    const auto name = names.find(cell.group.tenant);
    if (name != names.end()) cell.group.tenant_name = name->second;
  }
}

Result<void> check_length(WallSpan span, ports::UsageBucket bucket) {
  const std::int64_t length = length_ms(bucket);
  if (span.end.unix_ms / length - span.begin.unix_ms / length < ports::usage_buckets_max) return {};
  return fail(client_fault(FaultKind::invalid,
                           "makes more than " + std::to_string(ports::usage_buckets_max) + " points of this span",
                           "bucket"));
}

}  // namespace

// ---- delivery -----------------------------------------------------------------------------------------------------

// Encoded here, on the caller's thread: the link's has its questions to answer.
Task<Result<void>> ClickHouseUsageLedger::deliver(ports::UsageBatch batch) {
  const auto version = static_cast<std::uint64_t>(batch.range.end);
  std::vector<std::string> inserts;
  for (std::size_t at = 0; at < batch.rows.size(); at += rows_of_an_insert_max) {
    const std::size_t count = std::min(rows_of_an_insert_max, batch.rows.size() - at);
    inserts.push_back(encoded(std::span(batch.rows).subspan(at, count), version));
  }
  std::set<UsageDay> days;
  for (const UsageRecord& row : batch.rows)
    days.insert(day_of({kept_ms(row.ts)}));
  return ports::run_on(loop_, take(std::move(inserts), encoded_names(batch.rows), std::move(days)));
}

// The days are marked last: what ends the batch before that sends it again.
Task<Result<void>> ClickHouseUsageLedger::take(std::vector<std::string> inserts, std::string names,
                                               std::set<UsageDay> days) {
  Result<void> done = co_await ready();
  if (done && !names.empty()) {
    std::string into = link_.database() + ".tenant_names (tenant_id, name, ver)";
    done = co_await link_.insert(std::move(into), std::move(names));
  }
  for (std::string& rows : inserts) {
    if (!done) break;
    std::string into = link_.database() + ".usage (" + usage_columns() + ")";
    done = co_await link_.insert(std::move(into), std::move(rows));
  }
  if (done && !days.empty()) {
    std::string mark = mark_changed(link_.database(), days);
    const Result<std::string> marked = co_await link_.work(std::move(mark));
    if (!marked) done = fail(marked.error());
  }
  // A table that somebody removed is made again with the next batch.
  if (!done) is_ready_ = false;
  // Whatever ClickHouse says, the rows are right: they stay in the spool until they are taken.
  if (!done && done.error().kind == FaultKind::invalid)
    co_return fail(store_fault(FaultKind::unavailable, done.error().message));
  co_return done;
}

Task<Result<void>> ClickHouseUsageLedger::prepare() {
  return ports::run_on(loop_, ready());
}

Task<Result<void>> ClickHouseUsageLedger::ready() {
  if (is_ready_) co_return Result<void>{};
  Result<void> made = co_await migrate_usage(link_);
  if (made) is_ready_ = true;
  co_return made;
}

Task<Result<std::string>> ClickHouseUsageLedger::ask(std::string sql) {
  const Result<void> made = co_await ready();
  if (!made) co_return fail(made.error());
  Result<std::string> answer = co_await link_.ask(std::move(sql));
  if (!answer) is_ready_ = false;
  co_return answer;
}

// ---- spending -----------------------------------------------------------------------------------------------------

Task<Result<ports::Spending>> ClickHouseUsageLedger::spent(ports::SpendingAccount account, WallSpan span) {
  return ports::run_on(loop_, ask_spending(spending_question(link_.database(), account, span)));
}

Task<Result<ports::Spending>> ClickHouseUsageLedger::ask_spending(std::string sql) {
  const Result<std::string> answer = co_await ask(std::move(sql));
  if (!answer) co_return fail(answer.error());
  co_return read_spending(*answer);
}

// ---- sums ---------------------------------------------------------------------------------------------------------

Task<Result<std::vector<UsageCell>>> ClickHouseUsageLedger::cells(ports::UsageScope scope, UsageDivision division) {
  const Result<std::vector<WallSpan>> summed = co_await rolled_up(scope.span, division);
  if (!summed) co_return fail(summed.error());
  std::string sql = sums_question(link_.database(), scope, division, *summed);
  const Result<std::string> answer = co_await ask(std::move(sql));
  if (!answer) co_return fail(answer.error());
  Result<std::vector<UsageCell>> found = read_cells(*answer, division.by);
  if (!found || !division.by) co_return found;
  std::set<TenantId> tenants;
  for (const UsageCell& cell : *found) {
    if (!cell.group.tenant.is_nil()) tenants.insert(cell.group.tenant);
  }
  const Result<Names> names = co_await names_of(std::move(tenants));
  if (!names) co_return fail(names.error());
  name_groups(*found, *names);
  co_return found;
}

Task<Result<ports::UsageSums>> ClickHouseUsageLedger::summary(ports::UsageScope scope) {
  Task<Result<std::vector<UsageCell>>> work = cells(std::move(scope), {});
  const Result<std::vector<UsageCell>> found = co_await ports::run_on(loop_, std::move(work));
  if (!found) co_return fail(found.error());
  co_return found->empty() ? ports::UsageSums{} : found->front().sums;
}

Task<Result<std::vector<UsageCell>>> ClickHouseUsageLedger::largest(ports::UsageScope scope, ports::UsageDimension by,
                                                                    std::size_t groups_max) {
  const std::size_t most = std::min(groups_max, ports::usage_groups_max);
  return cells(std::move(scope), {.by = by, .groups_max = std::max<std::size_t>(1, most)});
}

Task<Result<std::vector<ports::UsageShare>>> ClickHouseUsageLedger::division(ports::UsageScope scope,
                                                                             ports::UsageDimension by,
                                                                             std::size_t groups_max) {
  Task<Result<std::vector<UsageCell>>> work = largest(std::move(scope), by, groups_max);
  Result<std::vector<UsageCell>> found = co_await ports::run_on(loop_, std::move(work));
  if (!found) co_return fail(found.error());
  std::vector<ports::UsageShare> shares;
  for (UsageCell& cell : *found)
    shares.push_back({std::move(cell.group), cell.sums});
  co_return shares;
}

Task<Result<std::vector<ports::UsageLine>>> ClickHouseUsageLedger::series(ports::UsageScope scope,
                                                                          ports::UsageBucket bucket,
                                                                          std::optional<ports::UsageDimension> by,
                                                                          std::size_t groups_max) {
  return ports::run_on(loop_, draw(std::move(scope), bucket, by, groups_max));
}

Task<Result<std::vector<ports::UsageLine>>> ClickHouseUsageLedger::draw(ports::UsageScope scope,
                                                                        ports::UsageBucket bucket,
                                                                        std::optional<ports::UsageDimension> by,
                                                                        std::size_t groups_max) {
  const Result<void> fits = check_length(scope.span, bucket);
  if (!fits) co_return fail(fits.error());
  std::vector<ports::UsageLine> lines(1);
  UsageDivision division{.by = by, .bucket = bucket};
  std::map<std::string, std::size_t> place{{"", 0}};  // of a group's line
  if (by) {
    Result<std::vector<UsageCell>> groups = co_await largest(scope, *by, groups_max);
    if (!groups) co_return fail(groups.error());
    lines.clear();
    place.clear();
    for (UsageCell& cell : *groups) {
      std::string id = group_id(cell.group, *by);
      place.emplace(id, lines.size());
      division.only.push_back(std::move(id));
      lines.push_back({.group = std::move(cell.group)});
    }
    if (lines.empty()) co_return lines;
  }
  const Result<std::vector<UsageCell>> points = co_await cells(std::move(scope), std::move(division));
  if (!points) co_return fail(points.error());
  for (const UsageCell& cell : *points) {
    const auto line = place.find(by ? group_id(cell.group, *by) : std::string());
    if (line != place.end()) lines[line->second].points.push_back({WallTime{cell.begin_ms}, cell.sums});
  }
  co_return lines;
}

// ---- rows and names -----------------------------------------------------------------------------------------------

Task<Result<std::vector<UsageRecord>>> ClickHouseUsageLedger::named_rows(std::string sql) {
  const Result<std::string> answer = co_await ask(std::move(sql));
  if (!answer) co_return fail(answer.error());
  Result<std::vector<UsageRecord>> found = read_rows(*answer);
  if (!found) co_return found;
  std::set<TenantId> tenants;
  for (const UsageRecord& row : *found)
    tenants.insert(row.tenant_id);
  const Result<Names> names = co_await names_of(std::move(tenants));
  if (!names) co_return fail(names.error());
  for (UsageRecord& row : *found) {
    const auto name = names->find(row.tenant_id);
    if (name != names->end()) row.tenant = name->second;
  }
  co_return found;
}

Task<Result<ports::UsageRows>> ClickHouseUsageLedger::rows(ports::UsageRowsRequest request) {
  Result<std::string> sql = rows_question(link_.database(), request);
  if (!sql) co_return fail(sql.error());
  Task<Result<ports::UsageRows>> work =
      page(std::move(*sql), std::clamp<std::size_t>(request.limit, 1, ports::usage_rows_max));
  co_return co_await ports::run_on(loop_, std::move(work));
}

Task<Result<ports::UsageRows>> ClickHouseUsageLedger::page(std::string sql, std::size_t rows_max) {
  Result<std::vector<UsageRecord>> found = co_await named_rows(std::move(sql));
  if (!found) co_return fail(found.error());
  ports::UsageRows answer{.rows = std::move(*found)};
  if (answer.rows.size() > rows_max) {
    answer.rows.resize(rows_max);
    answer.next_cursor = cursor_after(answer.rows.back());
  }
  co_return answer;
}

Task<Result<std::optional<UsageRecord>>> ClickHouseUsageLedger::row(EventId id) {
  Task<Result<std::vector<UsageRecord>>> work = named_rows(row_question(link_.database(), id));
  Result<std::vector<UsageRecord>> found = co_await ports::run_on(loop_, std::move(work));
  if (!found) co_return fail(found.error());
  co_return found->empty() ? std::nullopt : std::optional(std::move(found->front()));
}

Task<Result<ClickHouseUsageLedger::Names>> ClickHouseUsageLedger::ask_names(std::string sql) {
  const Result<std::string> answer = co_await ask(std::move(sql));
  if (!answer) co_return fail(answer.error());
  co_return read_names(*answer);
}

Task<Result<ClickHouseUsageLedger::Names>> ClickHouseUsageLedger::names_of(std::set<TenantId> tenants) {
  if (tenants.empty()) co_return Names{};
  std::string sql = names_question(link_.database(), tenants);
  co_return co_await ask_names(std::move(sql));
}

Task<Result<std::optional<TenantId>>> ClickHouseUsageLedger::tenant_named(std::string name) {
  Task<Result<Names>> work = ask_names(tenant_question(link_.database(), name));
  const Result<Names> found = co_await ports::run_on(loop_, std::move(work));
  if (!found) co_return fail(found.error());
  co_return found->empty() ? std::nullopt : std::optional(found->begin()->first);
}

Task<Result<std::string>> ClickHouseUsageLedger::name_of_tenant(TenantId id) {
  Task<Result<Names>> work = names_of({id});
  const Result<Names> found = co_await ports::run_on(loop_, std::move(work));
  if (!found) co_return fail(found.error());
  co_return found->empty() ? std::string() : found->begin()->second;
}

// ---- retention and roll-ups ----------------------------------------------------------------------------------------

Task<Result<bool>> ClickHouseUsageLedger::tidy_step(WallTime now, std::int64_t retention_days) {
  return ports::run_on(loop_, tidy(now, retention_days));
}

Task<Result<bool>> ClickHouseUsageLedger::tidy(WallTime now, std::int64_t retention_days) {
  Result<bool> dropped = co_await forget(now, retention_days);
  if (!dropped || *dropped) co_return dropped;
  co_return co_await roll_up();
}

Task<Result<bool>> ClickHouseUsageLedger::forget(WallTime now, std::int64_t retention_days) {
  std::string oldest = oldest_month_question(link_.database(), now, retention_days);
  const Result<std::string> answer = co_await ask(std::move(oldest));
  if (!answer) co_return fail(answer.error());
  RowBinaryReader reader(*answer);
  if (reader.at_end()) co_return false;
  const std::string month = reader.text();
  // In this order: what is stopped between two of them is done again, with the same end.
  for (std::string& step : steps_to_drop(link_.database(), month, now)) {
    const Result<std::string> done = co_await link_.work(std::move(step));
    if (!done) co_return fail(done.error());
  }
  co_return true;
}

Task<Result<bool>> ClickHouseUsageLedger::roll_up() {
  std::string question = day_to_roll_up_question(link_.database());
  const Result<std::string> answer = co_await ask(std::move(question));
  if (!answer) co_return fail(answer.error());
  const std::vector<DayToRollUp> found = read_days_to_roll_up(*answer);
  if (found.empty()) co_return false;
  for (std::string& step : steps_to_roll_up(link_.database(), found.front())) {
    const Result<std::string> done = co_await link_.work(std::move(step));
    if (!done) co_return fail(done.error());
  }
  co_return true;
}

// Minutes are finer than what is rolled up.
Task<Result<std::vector<WallSpan>>> ClickHouseUsageLedger::rolled_up(WallSpan span, const UsageDivision& division) {
  constexpr std::int64_t day_ms = 86'400'000;
  if (division.bucket == ports::UsageBucket::minute || span.end.unix_ms - span.begin.unix_ms < day_ms)
    co_return std::vector<WallSpan>();
  std::string question = rolled_up_question(link_.database(), span);
  const Result<std::string> answer = co_await ask(std::move(question));
  if (!answer) co_return fail(answer.error());
  co_return read_rolled_up(*answer);
}

}  // namespace obleth::adapters
