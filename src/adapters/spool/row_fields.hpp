// The fields of an encoded usage record and their numbers: the one list for writing and for reading.
//
// A number is never used again for anything else. visit has text, id, number, optional_number, word and flag.
#pragma once

#include <cstdint>

namespace obleth::adapters {

inline constexpr std::uint32_t row_field_last = 42;

// Record: UsageRecord, const or not.
template <class Record, class Visit>
void visit_row_fields(Record& record, Visit& visit) {
  visit.id(1, record.event_id.bits);
  visit.text(2, record.client_request_id);
  visit.number(3, record.ts.unix_ms);
  visit.id(4, record.tenant_id.bits);
  visit.id(5, record.key_id.bits);
  visit.text(6, record.group);
  visit.text(7, record.model);
  visit.text(8, record.upstream_model);
  visit.text(9, record.endpoint);
  visit.text(10, record.route);
  visit.flag(11, record.stream);
  visit.word(12, record.admission);
  visit.number(13, record.status);
  visit.text(14, record.error_code);
  visit.number(15, record.tokens.prompt.value);
  visit.number(16, record.tokens.cached.value);
  visit.number(17, record.tokens.output.value);
  visit.number(18, record.tokens.reasoning.value);
  visit.number(19, record.fair_estimate.value);
  visit.number(20, record.hold_estimate.value);
  visit.word(21, record.usage_source);
  visit.number(22, record.queue_ms);
  visit.optional_number(23, record.ttft_ms);
  visit.number(24, record.total_ms);
  visit.number(25, record.overhead_us);
  visit.number(26, record.fairshare_cost.value);
  visit.number(27, record.fairshare_key);
  visit.number(28, record.fairshare_v);
  visit.number(29, record.slot_ms);
  visit.number(30, record.gpu_ms);
  visit.number(31, record.weight);
  visit.number(32, record.cost.value);
  visit.word(33, record.cache);
  visit.number(34, record.tokens_saved);
  visit.optional_number(35, record.brownout_cap);
  visit.number(36, record.retries);
  visit.text(37, record.session_id);
  visit.text(38, record.user_agent_family);
  visit.text(39, record.mcp_server);
  visit.text(40, record.mcp_method);
  visit.text(41, record.mcp_tool);
  visit.text(42, record.tenant);
}

}  // namespace obleth::adapters
