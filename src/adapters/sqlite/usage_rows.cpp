#include "adapters/sqlite/usage_rows.hpp"

#include "adapters/sqlite/usage_schema.hpp"

namespace obleth::adapters {
namespace {

constexpr std::string_view insert_row =
    "INSERT OR IGNORE INTO usage (place, event_id, tenant, key, model, grp, route, status, admission, "
    "client_request_id,"
    " upstream_model, endpoint, stream, error_code, input_tokens, cached_tokens, output_tokens, reasoning_tokens,"
    " fair_estimate, hold_estimate, usage_source, queue_ms, ttft_ms, total_ms, overhead_us, fairshare_cost,"
    " fairshare_key, fairshare_v, slot_ms, gpu_ms, weight, cost, cache, tokens_saved, brownout_cap, retries,"
    " session_id, user_agent_family, mcp_server, mcp_method, mcp_tool)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
    " ?, ?, ?, ?, ?, ?)";

void bind_row(Statement& insert, std::int64_t place, const UsageRecord& record, const UsageNumbers& numbers) {
  insert.bind(place).bind(record.event_id).bind(numbers.tenant).bind(numbers.key).bind(numbers.model);
  insert.bind(numbers.group).bind(numbers.route).bind(record.status).bind(static_cast<int>(record.admission));
  insert.bind(record.client_request_id).bind(record.upstream_model).bind(numbers.endpoint).bind(record.stream);
  insert.bind(numbers.error_code);
  insert.bind(record.tokens.prompt.value).bind(record.tokens.cached.value).bind(record.tokens.output.value);
  insert.bind(record.tokens.reasoning.value).bind(record.fair_estimate.value).bind(record.hold_estimate.value);
  insert.bind(static_cast<int>(record.usage_source)).bind(record.queue_ms).bind(record.ttft_ms);
  insert.bind(record.total_ms).bind(record.overhead_us).bind(record.fairshare_cost.value).bind(record.fairshare_key);
  insert.bind(record.fairshare_v).bind(record.slot_ms).bind(record.gpu_ms).bind(record.weight);
  insert.bind(record.cost.value).bind(static_cast<int>(record.cache)).bind(record.tokens_saved);
  insert.bind(record.brownout_cap).bind(record.retries).bind(record.session_id).bind(record.user_agent_family);
  insert.bind(numbers.mcp_server).bind(record.mcp_method).bind(record.mcp_tool);
}

template <class Enum>
Enum enumerator(std::int64_t position, Enum last) {
  return position <= static_cast<std::int64_t>(last) ? static_cast<Enum>(position) : last;
}

}  // namespace

UsageRowWriter::UsageRowWriter(SqliteConnection& connection)
    : connection_(connection), insert_(connection, insert_row) {}

bool UsageRowWriter::is_known(const UsageRecord& record) {
  Statement find(connection_, "SELECT 1 FROM usage WHERE place / 3774873600000 = ?1 / 3774873600000 AND event_id = ?2");
  return find.bind(first_place_of(record.ts)).bind(record.event_id).step();
}

bool UsageRowWriter::add(const UsageRecord& record, const UsageNumbers& numbers) {
  const std::int64_t first = first_place_of(record.ts);
  const auto mask = static_cast<std::uint64_t>(places_per_ms - 1);
  // An event's own bits choose its place, so that rows of one millisecond rarely meet.
  std::uint64_t choice = record.event_id.bits.low & mask;
  for (std::int64_t tried = 0; tried < places_per_ms; ++tried) {
    bind_row(insert_, first + static_cast<std::int64_t>(choice), record, numbers);
    insert_.run();
    insert_.again();
    if (connection_.rows_changed() == 1) return true;
    // Ignored: the ledger has the event, or another one has its place.
    if (is_known(record)) return false;
    choice = (choice + 1) & mask;
  }
  return false;  // 2^20 requests cannot end in one millisecond
}

const std::string& select_usage_rows() {
  static const std::string sql =
      "SELECT u.place, u.event_id, u.client_request_id, t.id, t.name, k.id, g.word, m.word, u.upstream_model, e.word,"
      " r.word, u.stream, u.admission, u.status, c.word, u.input_tokens, u.cached_tokens, u.output_tokens,"
      " u.reasoning_tokens, u.fair_estimate, u.hold_estimate, u.usage_source, u.queue_ms, u.ttft_ms, u.total_ms,"
      " u.overhead_us, u.fairshare_cost, u.fairshare_key, u.fairshare_v, u.slot_ms, u.gpu_ms, u.weight, u.cost,"
      " u.cache, u.tokens_saved, u.brownout_cap, u.retries, u.session_id, u.user_agent_family, s.word, u.mcp_method,"
      " u.mcp_tool"
      " FROM usage AS u"
      " CROSS JOIN tenants AS t ON t.number = u.tenant CROSS JOIN keys AS k ON k.number = u.key"
      " CROSS JOIN words AS g ON g.number = u.grp CROSS JOIN words AS m ON m.number = u.model"
      " CROSS JOIN words AS e ON e.number = u.endpoint CROSS JOIN words AS r ON r.number = u.route"
      " CROSS JOIN words AS c ON c.number = u.error_code CROSS JOIN words AS s ON s.number = u.mcp_server";
  return sql;
}

UsageRecord read_usage_row(Row& row) {
  UsageRecord record;
  record.ts = time_of_place(row.integer());
  record.event_id = row.id<EventId>();
  record.client_request_id = row.text();
  record.tenant_id = row.id<TenantId>();
  record.tenant = row.text();
  record.key_id = row.id<KeyId>();
  record.group = row.text();
  record.model = row.text();
  record.upstream_model = row.text();
  record.endpoint = row.text();
  record.route = row.text();
  record.stream = row.flag();
  record.admission = enumerator(row.integer(), AdmissionOutcome::refused);
  record.status = static_cast<int>(row.integer());
  record.error_code = row.text();
  record.tokens.prompt = {row.integer()};
  record.tokens.cached = {row.integer()};
  record.tokens.output = {row.integer()};
  record.tokens.reasoning = {row.integer()};
  record.fair_estimate = {row.integer()};
  record.hold_estimate = {row.integer()};
  record.usage_source = enumerator(row.integer(), UsageSource::estimated);
  record.queue_ms = row.integer();
  record.ttft_ms = row.maybe(&Row::integer);
  record.total_ms = row.integer();
  record.overhead_us = row.integer();
  record.fairshare_cost = {row.integer()};
  record.fairshare_key = row.integer();
  record.fairshare_v = row.integer();
  record.slot_ms = row.integer();
  record.gpu_ms = row.integer();
  record.weight = row.small_integer();
  record.cost = {row.integer()};
  record.cache = enumerator(row.integer(), CacheOutcome::hit);
  record.tokens_saved = row.integer();
  record.brownout_cap = row.maybe(&Row::integer);
  record.retries = row.small_integer();
  record.session_id = row.text();
  record.user_agent_family = row.text();
  record.mcp_server = row.text();
  record.mcp_method = row.text();
  record.mcp_tool = row.text();
  return record;
}

}  // namespace obleth::adapters
