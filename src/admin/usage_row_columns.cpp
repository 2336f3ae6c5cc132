#include "admin/usage_row_columns.hpp"

#include <string_view>
#include <utility>
#include <vector>

#include "admin/codec.hpp"
#include "admin/schema_parts.hpp"

namespace obleth::admin {
namespace {

constexpr std::int64_t exact_in_floating_point = 1LL << 53;

Json text_or_null(std::string_view text) {
  return text.empty() ? Json() : Json(std::string(text));
}

// value_of: record → number or text that is always there.
template <class Value>
UsageColumn plain(const char* name, const char* type, const char* description, Value value_of) {
  return {name, typed(type, description), [value_of](const UsageRowDoc& row) { return Json(value_of(row.record)); }};
}
template <class Value>
UsageColumn whole(const char* name, const char* description, Value value_of) {
  return plain(name, "integer", description, value_of);
}
template <class Text>
UsageColumn maybe_text(const char* name, const char* description, Text UsageRecord::* member) {
  return {name, nullable_typed("string", description),
          [member](const UsageRowDoc& row) { return text_or_null(row.record.*member); }};
}
UsageColumn maybe_whole(const char* name, const char* description, std::optional<std::int64_t> UsageRecord::* member) {
  return {name, nullable_typed("integer", description), [member](const UsageRowDoc& row) {
            const auto& value = row.record.*member;
            return value ? Json(*value) : Json();
          }};
}
template <class Enum>
UsageColumn choice_column(const char* name, const char* description, std::vector<Enum> all,
                          Enum UsageRecord::* member) {
  std::vector<std::string> words;
  for (const Enum value : all)
    words.emplace_back(to_text(value));
  Json schema = choice_schema(words);
  schema.set("description", description);
  return {name, std::move(schema), [member](const UsageRowDoc& row) { return Json(to_text(row.record.*member)); }};
}

std::vector<UsageColumn> who_columns() {
  return {
      plain("event_id", "string", "The request's id: x-obleth-request-id of its answer.",
            [](const UsageRecord& r) { return r.event_id.hex(); }),
      maybe_text("client_request_id", "The x-request-id that the client sent.", &UsageRecord::client_request_id),
      whole("ts", "When it ended, in Unix milliseconds.", [](const UsageRecord& r) { return r.ts.unix_ms; }),
      plain("tenant_id", "string", "Also of a tenant that was deleted.",
            [](const UsageRecord& r) { return r.tenant_id.uuid(); }),
      {"tenant", nullable_typed("string", "The tenant's name today; of a deleted one, its last."),
       [](const UsageRowDoc& row) { return text_or_null(row.tenant); }},
      plain("key_id", "string", "Also of a key that was deleted.",
            [](const UsageRecord& r) { return r.key_id.uuid(); }),
      {"key", nullable_typed("string", "The key's name today; null when it was deleted."),
       [](const UsageRowDoc& row) { return row.key ? Json(*row.key) : Json(); }},
      plain("group", "string", "The tenant's group then.", [](const UsageRecord& r) { return r.group; }),
      maybe_text("model", "The registered model; null where the request named none that is.", &UsageRecord::model),
      maybe_text("upstream_model", "What the upstream calls it.", &UsageRecord::upstream_model),
      maybe_text("endpoint", "The upstream that answered last.", &UsageRecord::endpoint),
      maybe_text("route", "The route, or passthrough.", &UsageRecord::route),
      plain("stream", "boolean", "The answer was streamed.", [](const UsageRecord& r) { return r.stream; }),
  };
}

std::vector<UsageColumn> outcome_columns() {
  return {
      choice_column("admission", "How it came to its turn.",
                    std::vector{AdmissionOutcome::fast, AdmissionOutcome::queued, AdmissionOutcome::brownout,
                                AdmissionOutcome::refused},
                    &UsageRecord::admission),
      whole("status", "What the client was answered; 499: it left before.",
            [](const UsageRecord& r) { return r.status; }),
      maybe_text("error_code", "Why it failed or was refused.", &UsageRecord::error_code),
      whole("input_tokens", "Prompt, cached tokens among them.",
            [](const UsageRecord& r) { return r.tokens.prompt.value; }),
      whole("cached_tokens", "Of the prompt, from the upstream's cache.",
            [](const UsageRecord& r) { return r.tokens.cached.value; }),
      whole("output_tokens", "Generated, reasoning among them.",
            [](const UsageRecord& r) { return r.tokens.output.value; }),
      whole("reasoning_tokens", "Of the output.", [](const UsageRecord& r) { return r.tokens.reasoning.value; }),
      whole("fair_estimate", "Output tokens that its turn was decided with.",
            [](const UsageRecord& r) { return r.fair_estimate.value; }),
      whole("hold_estimate", "Output tokens that its rate limits were asked for.",
            [](const UsageRecord& r) { return r.hold_estimate.value; }),
      choice_column("usage_source", "Who told the tokens.",
                    std::vector{UsageSource::upstream, UsageSource::counted, UsageSource::estimated},
                    &UsageRecord::usage_source),
  };
}

std::vector<UsageColumn> time_columns() {
  return {
      whole("queue_ms", "Waiting for its turn.", [](const UsageRecord& r) { return r.queue_ms; }),
      maybe_whole("ttft_ms", "To the first byte of the answer.", &UsageRecord::ttft_ms),
      whole("total_ms", "From its head to its end.", [](const UsageRecord& r) { return r.total_ms; }),
      whole("overhead_us", "In the gateway, neither queue nor upstream.",
            [](const UsageRecord& r) { return r.overhead_us; }),
      whole("fairshare_cost", "In thousandths of a token.",
            [](const UsageRecord& r) { return r.fairshare_cost.value; }),
      whole("fairshare_key", "By which its turn was decided.", [](const UsageRecord& r) { return r.fairshare_key; }),
      whole("fairshare_v", "Virtual time when it was.", [](const UsageRecord& r) { return r.fairshare_v; }),
      whole("slot_ms", "It held a slot.", [](const UsageRecord& r) { return r.slot_ms; }),
      whole("gpu_ms", "Its share of the model's busy time.", [](const UsageRecord& r) { return r.gpu_ms; }),
      whole("weight", "The tenant's weight then.", [](const UsageRecord& r) { return r.weight; }),
  };
}

std::vector<UsageColumn> money_columns() {
  return {
      {"cost", nullable_typed("integer", "Nano-dollars; null above 2^53, which cost_usd tells exactly."),
       [](const UsageRowDoc& row) { return nano_usd_json(row.record.cost); }},
      plain("cost_usd", "string", "The same in dollars, exact.",
            [](const UsageRecord& r) { return to_decimal(r.cost); }),
      choice_column("cache", "Whether the answer came from the cache.",
                    std::vector{CacheOutcome::hit, CacheOutcome::miss, CacheOutcome::off}, &UsageRecord::cache),
      whole("tokens_saved", "By the cache.", [](const UsageRecord& r) { return r.tokens_saved; }),
      maybe_whole("brownout_cap", "Output tokens to which it was softened.", &UsageRecord::brownout_cap),
      whole("retries", "Attempts beyond the first.", [](const UsageRecord& r) { return r.retries; }),
      maybe_text("session_id", "The session that the client named.", &UsageRecord::session_id),
      maybe_text("user_agent_family", "Which client library.", &UsageRecord::user_agent_family),
      maybe_text("mcp_server", "Of an MCP call.", &UsageRecord::mcp_server),
      maybe_text("mcp_method", "Of an MCP call.", &UsageRecord::mcp_method),
      maybe_text("mcp_tool", "Of an MCP call.", &UsageRecord::mcp_tool),
  };
}

std::vector<UsageColumn> all_columns() {
  std::vector<UsageColumn> all;
  for (auto part : {who_columns(), outcome_columns(), time_columns(), money_columns()})
    all.insert(all.end(), std::make_move_iterator(part.begin()), std::make_move_iterator(part.end()));
  return all;
}

}  // namespace

Json nano_usd_json(NanoUsd amount) {
  return amount.value > exact_in_floating_point ? Json() : Json(amount.value);
}

std::span<const UsageColumn> usage_columns() {
  static const std::vector<UsageColumn> columns = all_columns();
  return columns;
}

Json usage_row_json(const UsageRowDoc& row) {
  Json::Object json;
  for (const UsageColumn& column : usage_columns())
    json.emplace_back(column.name, column.value(row));
  return json;
}

Json usage_row_schema() {
  Json::Object properties;
  for (const UsageColumn& column : usage_columns())
    properties.emplace_back(column.name, column.schema);
  return closed_schema(std::move(properties));
}

}  // namespace obleth::admin
