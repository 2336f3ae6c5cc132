// What a row of the ledger holds beside what rows are found by (usage_head.hpp), packed behind that into one column.
//
// SQLite works on each column of each row; what is only read back with its row costs a fraction as bytes. Fields follow
// each other in the order of visit_rest, numbers as varints (zigzag); new ones go to the end, and bytes that end early
// leave the later ones as they are. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "adapters/sqlite/usage_dictionary.hpp"
#include "domain/usage_record.hpp"

namespace obleth::adapters {

// To the end of packed.
void pack_rest(const UsageRecord& record, const UsageNumbers& numbers, std::string& packed);
// False: the bytes are something else.
[[nodiscard]] bool unpack_rest(std::span<const std::uint8_t> packed, UsageRecord& record, UsageNumbers& numbers);

// The one list of what is packed. visit has number, optional_number, word, flag and text. Never reordered.
template <class Record, class Numbers, class Visit>
void visit_rest(Record& record, Numbers& numbers, Visit& visit) {
  visit.text(record.upstream_model);
  visit.number(numbers.endpoint);
  visit.flag(record.stream);
  visit.number(numbers.error_code);
  visit.number(record.tokens.prompt.value);
  visit.number(record.tokens.cached.value);
  visit.number(record.tokens.output.value);
  visit.number(record.tokens.reasoning.value);
  visit.number(record.fair_estimate.value);
  visit.number(record.hold_estimate.value);
  visit.word(record.usage_source, UsageSource::estimated);
  visit.number(record.queue_ms);
  visit.optional_number(record.ttft_ms);
  visit.number(record.total_ms);
  visit.number(record.overhead_us);
  visit.number(record.fairshare_cost.value);
  visit.number(record.fairshare_key);
  visit.number(record.fairshare_v);
  visit.number(record.slot_ms);
  visit.number(record.gpu_ms);
  visit.number(record.weight);
  visit.number(record.cost.value);
  visit.word(record.cache, CacheOutcome::hit);
  visit.number(record.tokens_saved);
  visit.optional_number(record.brownout_cap);
  visit.number(record.retries);
  visit.text(record.session_id);
  visit.text(record.user_agent_family);
  visit.number(numbers.mcp_server);
  visit.text(record.mcp_method);
  visit.text(record.mcp_tool);
}

}  // namespace obleth::adapters
