#include "adapters/sqlite/rolled_up.hpp"

#include <algorithm>

#include "adapters/sqlite/usage_sum_columns.hpp"
#include "base/varint.hpp"

namespace obleth::adapters {
namespace {

constexpr int first_error_status = 400;

}  // namespace

void RolledUp::add(const UsageRecord& record) {
  const auto count = [](std::int64_t& sum, std::int64_t amount) { sum = saturating_add(sum, amount); };
  const bool refused = record.admission == AdmissionOutcome::refused;
  count(sums.requests, 1);
  count(sums.errors, record.status >= first_error_status && !refused ? 1 : 0);
  count(sums.refusals, refused ? 1 : 0);
  count(sums.brownouts, record.admission == AdmissionOutcome::brownout ? 1 : 0);
  count(sums.cache_hits, record.cache == CacheOutcome::hit ? 1 : 0);
  count(sums.retries, record.retries);
  count(sums.input_tokens, record.tokens.prompt.value);
  count(sums.cached_tokens, record.tokens.cached.value);
  count(sums.output_tokens, record.tokens.output.value);
  count(sums.reasoning_tokens, record.tokens.reasoning.value);
  count(sums.tokens_saved, record.tokens_saved);
  count(sums.cost.value, record.cost.value);
  count(sums.gpu_ms, record.gpu_ms);
  count(sums.slot_ms, record.slot_ms);
  count(sums.queue_ms, record.queue_ms);
  if (refused) return;
  durations.add(DurationKind::total, record.total_ms);
  if (record.ttft_ms) durations.add(DurationKind::ttft, *record.ttft_ms);
  durations.add(DurationKind::queue, record.queue_ms);
}

void RolledUp::add(const RolledUp& other) {
  ports::UsageSums more = other.sums;
  for (const SumColumn& column : sum_columns)
    column.of(sums) = saturating_add(column.of(sums), column.of(more));
  durations.add(other.durations);
}

std::string packed(const RolledUp& sum) {
  const auto durations = sum.durations.encoded();
  ports::UsageSums sums = sum.sums;
  std::string bytes;
  bytes.resize_and_overwrite((sum_columns.size() + 1) * varint_bytes_max + durations.size(),
                             [&](char* begin, std::size_t) {
                               char* at = put_varint(begin, sum_columns.size());
                               for (const SumColumn& column : sum_columns)
                                 at = put_varint(at, zigzag(column.of(sums)));
                               at = std::ranges::copy(durations, at).out;
                               return static_cast<std::size_t>(at - begin);
                             });
  return bytes;
}

bool add_packed(RolledUp& sum, std::span<const std::uint8_t> bytes, Durations durations) {
  VarintReader reader(bytes);
  const std::uint64_t count = reader.next();
  if (count > sum_columns.size()) return false;
  for (const SumColumn& column : std::span(sum_columns).first(count)) {
    std::int64_t& added_to = column.of(sum.sums);
    added_to = saturating_add(added_to, unzigzag(reader.next()));
  }
  if (!reader.is_whole()) return false;
  return durations == Durations::left_out || sum.durations.add_encoded(reader.left());
}

}  // namespace obleth::adapters
