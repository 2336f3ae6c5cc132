#include "adapters/clickhouse/usage_columns.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "domain/duration_sketch.hpp"

namespace obleth::adapters {
namespace {

constexpr std::int64_t second_ms = 1000;
constexpr std::int64_t hour_s = 3600;
constexpr std::int64_t absent = -1;
constexpr std::uint16_t no_bucket = 0xFFFF;

std::int64_t or_absent(const std::optional<std::int64_t>& value) {
  return value ? std::max<std::int64_t>(0, *value) : absent;
}
std::optional<std::int64_t> unless_absent(std::int64_t value) {
  return value == absent ? std::nullopt : std::optional(value);
}

// A refused request's times say nothing.
std::uint16_t bucket_of(const UsageRecord& record, DurationKind kind, const std::optional<std::int64_t>& ms) {
  if (record.admission == AdmissionOutcome::refused || !ms) return no_bucket;
  return static_cast<std::uint16_t>(DurationSketch::bucket(kind, *ms));
}

template <class Enum>
Enum enumerator(std::uint8_t position, Enum last) {
  return position <= static_cast<std::uint8_t>(last) ? static_cast<Enum>(position) : last;
}

template <class Id>
Id id_of(const std::string& uuid) {
  return Id::from_text(uuid).value_or(Id{});
}

}  // namespace

std::int64_t kept_ms(WallTime ts) {
  constexpr std::int64_t last_ms = ((1LL << 32) - 1) * second_ms;
  return std::clamp<std::int64_t>(ts.unix_ms, 0, last_ms);
}

const std::string& usage_columns() {
  static const std::string columns =
      "hour, ts, ts_ms, event_id, client_request_id, tenant_id, tenant, key_id, grp, model, upstream_model, endpoint,"
      " route, stream, admission, status, error_code, input_tokens, cached_tokens, output_tokens, reasoning_tokens,"
      " fair_estimate, hold_estimate, usage_source, queue_ms, ttft_ms, total_ms, overhead_us, fairshare_cost,"
      " fairshare_key, fairshare_v, slot_ms, gpu_ms, weight, cost, cache, tokens_saved, brownout_cap, retries,"
      " session_id, user_agent_family, mcp_server, mcp_method, mcp_tool, total_bucket, ttft_bucket, queue_bucket, ver";
  return columns;
}

void write_usage_row(RowBinaryWriter& to, const UsageRecord& record, std::uint64_t version) {
  const std::int64_t ms = kept_ms(record.ts);
  const auto seconds = static_cast<std::uint32_t>(ms / second_ms);
  to.integer(static_cast<std::uint32_t>(seconds - seconds % hour_s)).integer(seconds);
  to.integer(static_cast<std::uint16_t>(ms % second_ms));
  to.text(record.event_id.uuid()).text(record.client_request_id).text(record.tenant_id.uuid()).text(record.tenant);
  to.text(record.key_id.uuid()).text(record.group).text(record.model).text(record.upstream_model);
  to.text(record.endpoint).text(record.route).integer(static_cast<std::uint8_t>(record.stream));
  to.integer(static_cast<std::uint8_t>(record.admission)).integer(static_cast<std::uint16_t>(record.status));
  to.text(record.error_code).integer(record.tokens.prompt.value).integer(record.tokens.cached.value);
  to.integer(record.tokens.output.value).integer(record.tokens.reasoning.value);
  to.integer(record.fair_estimate.value).integer(record.hold_estimate.value);
  to.integer(static_cast<std::uint8_t>(record.usage_source)).integer(record.queue_ms);
  to.integer(or_absent(record.ttft_ms)).integer(record.total_ms).integer(record.overhead_us);
  to.integer(record.fairshare_cost.value).integer(record.fairshare_key).integer(record.fairshare_v);
  to.integer(record.slot_ms).integer(record.gpu_ms).integer(record.weight).integer(record.cost.value);
  to.integer(static_cast<std::uint8_t>(record.cache)).integer(record.tokens_saved);
  to.integer(or_absent(record.brownout_cap)).integer(record.retries).text(record.session_id);
  to.text(record.user_agent_family).text(record.mcp_server).text(record.mcp_method).text(record.mcp_tool);
  to.integer(bucket_of(record, DurationKind::total, record.total_ms));
  to.integer(bucket_of(record, DurationKind::ttft, record.ttft_ms));
  to.integer(bucket_of(record, DurationKind::queue, record.queue_ms)).integer(version);
}

UsageRecord read_usage_row(RowBinaryReader& from) {
  UsageRecord record;
  static_cast<void>(from.integer<std::uint32_t>());  // the hour, which is in the next
  const std::int64_t seconds = from.integer<std::uint32_t>();
  record.ts = WallTime{seconds * second_ms + from.integer<std::uint16_t>()};
  record.event_id = id_of<EventId>(from.text());
  record.client_request_id = from.text();
  record.tenant_id = id_of<TenantId>(from.text());
  record.tenant = from.text();
  record.key_id = id_of<KeyId>(from.text());
  record.group = from.text();
  record.model = from.text();
  record.upstream_model = from.text();
  record.endpoint = from.text();
  record.route = from.text();
  record.stream = from.integer<std::uint8_t>() != 0;
  record.admission = enumerator(from.integer<std::uint8_t>(), AdmissionOutcome::refused);
  record.status = from.integer<std::uint16_t>();
  record.error_code = from.text();
  record.tokens.prompt = {from.integer<std::int64_t>()};
  record.tokens.cached = {from.integer<std::int64_t>()};
  record.tokens.output = {from.integer<std::int64_t>()};
  record.tokens.reasoning = {from.integer<std::int64_t>()};
  record.fair_estimate = {from.integer<std::int64_t>()};
  record.hold_estimate = {from.integer<std::int64_t>()};
  record.usage_source = enumerator(from.integer<std::uint8_t>(), UsageSource::estimated);
  record.queue_ms = from.integer<std::int64_t>();
  record.ttft_ms = unless_absent(from.integer<std::int64_t>());
  record.total_ms = from.integer<std::int64_t>();
  record.overhead_us = from.integer<std::int64_t>();
  record.fairshare_cost = {from.integer<std::int64_t>()};
  record.fairshare_key = from.integer<std::int64_t>();
  record.fairshare_v = from.integer<std::int64_t>();
  record.slot_ms = from.integer<std::int64_t>();
  record.gpu_ms = from.integer<std::int64_t>();
  record.weight = from.integer<std::uint32_t>();
  record.cost = {from.integer<std::int64_t>()};
  record.cache = enumerator(from.integer<std::uint8_t>(), CacheOutcome::hit);
  record.tokens_saved = from.integer<std::int64_t>();
  record.brownout_cap = unless_absent(from.integer<std::int64_t>());
  record.retries = from.integer<std::uint32_t>();
  record.session_id = from.text();
  record.user_agent_family = from.text();
  record.mcp_server = from.text();
  record.mcp_method = from.text();
  record.mcp_tool = from.text();
  for (int bucket = 0; bucket < 3; ++bucket)
    static_cast<void>(from.integer<std::uint16_t>());
  static_cast<void>(from.integer<std::uint64_t>());  // the version, of which FINAL left the last
  return record;
}

}  // namespace obleth::adapters
