// A step that was released is never edited: what changes is a new step.
//
// Ids are UUIDs as text, so that an analyst can ask for them; costs are nano-dollars; -1 is a time or cap that the row
// does not have. admission, usage_source and cache are the positions of their words in domain/usage_record.hpp. The
// buckets are those of domain/duration_sketch.hpp, 65535 for none.
#include "adapters/clickhouse/usage_schema.hpp"

#include <array>
#include <span>
#include <string>

namespace obleth::adapters {
namespace {

// A row that comes again replaces itself: it has the same key, and whoever reads says FINAL. No materialised view sums
// anything, as a replay would double it.
constexpr const char* usage_table =
    "CREATE TABLE IF NOT EXISTS usage (hour DateTime('UTC'), ts DateTime('UTC'), ts_ms UInt16, event_id String,"
    " client_request_id String, tenant_id String, tenant String, key_id String, grp String, model String,"
    " upstream_model String, endpoint String, route String, stream UInt8, admission UInt8, status UInt16,"
    " error_code String, input_tokens Int64, cached_tokens Int64, output_tokens Int64, reasoning_tokens Int64,"
    " fair_estimate Int64, hold_estimate Int64, usage_source UInt8, queue_ms Int64, ttft_ms Int64, total_ms Int64,"
    " overhead_us Int64, fairshare_cost Int64, fairshare_key Int64, fairshare_v Int64, slot_ms Int64, gpu_ms Int64,"
    " weight UInt32, cost Int64, cache UInt8, tokens_saved Int64, brownout_cap Int64, retries UInt32,"
    " session_id String, user_agent_family String, mcp_server String, mcp_method String, mcp_tool String,"
    " total_bucket UInt16, ttft_bucket UInt16, queue_bucket UInt16, ver UInt64)"
    " ENGINE = ReplacingMergeTree(ver) PARTITION BY toYYYYMM(ts) ORDER BY (tenant_id, hour, event_id)";
// What a tenant was called; the latest by ver.
constexpr const char* names_table =
    "CREATE TABLE IF NOT EXISTS tenant_names (tenant_id String, name String, ver UInt64)"
    " ENGINE = ReplacingMergeTree(ver) ORDER BY (tenant_id, name)";
// What budgets are asked about of months whose rows were dropped; by days (UTC), for ever.
constexpr const char* spending_table =
    "CREATE TABLE IF NOT EXISTS spending_days (day_s UInt32, tenant_id String, key_id String, tokens Int64, cost Int64,"
    " ver UInt64) ENGINE = ReplacingMergeTree(ver) ORDER BY (tenant_id, key_id, day_s)";
// kept_since: rows that ended before it (Unix seconds) are in spending_days, and in no other place. The largest counts.
constexpr const char* marks_table =
    "CREATE TABLE IF NOT EXISTS marks (name String, value UInt64) ENGINE = ReplacingMergeTree ORDER BY (name, value)";

// Sums of closed days by hour, written from rows read with FINAL: a day that is rolled up again replaces itself.
// buckets and counts are how many durations are in which bucket.
constexpr const char* hours_table =
    "CREATE TABLE IF NOT EXISTS usage_hours (hour DateTime('UTC'), tenant_id String, key_id String, grp String,"
    " model String, requests Int64, errors Int64, refusals Int64, brownouts Int64, cache_hits Int64, retries Int64,"
    " input_tokens Int64, cached_tokens Int64, output_tokens Int64, reasoning_tokens Int64, tokens_saved Int64,"
    " cost Int64, gpu_ms Int64, slot_ms Int64, queue_ms Int64, buckets Array(UInt16), counts Array(UInt64), ver UInt64)"
    " ENGINE = ReplacingMergeTree(ver) PARTITION BY toYYYYMM(hour) ORDER BY (tenant_id, hour, key_id, grp, model)";
// When rows of a day (UTC) came last, and when it was rolled up last: kind 0 and 1, by the server's clock. The sums of
// a day hold while it was rolled up later than rows came.
constexpr const char* day_marks_table =
    "CREATE TABLE IF NOT EXISTS day_marks (day_s UInt32, kind UInt8, at UInt64)"
    " ENGINE = ReplacingMergeTree(at) ORDER BY (day_s, kind)";

constexpr std::array statements{usage_table, names_table, spending_table, marks_table, hours_table, day_marks_table};

}  // namespace

Task<Result<void>> migrate_usage(ClickHouseLink& link) {
  std::string make_database = "CREATE DATABASE IF NOT EXISTS " + link.database();
  Result<std::string> made = co_await link.ask(std::move(make_database));
  if (!made) co_return fail(made.error());
  for (const char* statement : statements) {
    std::string sql(statement);
    const std::string name = "IF NOT EXISTS ";
    sql.insert(sql.find(name) + name.size(), link.database() + ".");
    made = co_await link.ask(std::move(sql));
    if (!made) co_return fail(made.error());
  }
  const std::string marks = link.database() + ".marks";
  std::string note = "INSERT INTO " + marks + " (name, value) VALUES ('schema', 2)";
  made = co_await link.ask(std::move(note));
  if (!made) co_return fail(made.error());
  co_return Result<void>{};
}

}  // namespace obleth::adapters
