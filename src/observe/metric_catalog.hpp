// Every metric, defined once: name, type, labels, buckets, help. Immutable; any thread.
//
// Values on the path are integers in the unit of the definition's decimals (3: thousandths), so that sums and money
// have no rounding; only the page turns them into decimal text.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace obleth::observe {

enum class Metric : std::uint8_t {
  requests,
  tenant_requests,
  request_duration,
  time_to_first_token,
  queue_wait,
  overhead,
  tokens,
  tenant_tokens,
  cost_dollars,
  gpu_seconds,
  capacity_slots,
  leased_slots,
  unleased_requests,
  replicas,
  in_flight,
  queued,
  fairshare_entitled,
  fairshare_received,
  fairshare_lag,
  brownouts,
  refusals,
  estimate_error,
  upstream_attempts,
  endpoint_healthy,
  cache_lookups,
  cache_tokens_saved,
  store_up,
  store_call,
  spool_bytes,
  spool_oldest,
  usage_rows,
  budget_overrun,
  budget_unguarded,
  usage_clamped,
  unbilled,
  usage_rows_dropped,
  bookings_dropped,
  changes_untold,
  key_cache_entries,
  key_lookups,
  failed_keys_throttled,
  mcp_requests,
  mcp_request_duration,
  mcp_tool_calls,
  connections,
  connections_refused,
  log_lines_dropped,
  build,
  process_cpu,
  process_resident_memory,
  process_virtual_memory,
  process_open_files,
  process_max_files,
  process_threads,
  process_start_time,
};
inline constexpr std::size_t metric_count = static_cast<std::size_t>(Metric::process_start_time) + 1;

enum class MetricType : std::uint8_t { counter, gauge, histogram };

enum class Label : std::uint8_t {
  none,
  tenant,
  model,
  endpoint,
  route,
  status_class,
  admission,
  type,
  reason,
  part,
  outcome,
  store,
  operation,
  result,
  server,
  method,
  status,
  tool,
  listener,
  version,
  revision,
};
inline constexpr std::size_t label_count = static_cast<std::size_t>(Label::revision) + 1;

// Values that a label may take before further ones become "other".
struct LabelDefinition {
  std::string_view name;
  std::size_t values_max = 0;
};

inline constexpr std::size_t metric_labels_max = 4;

struct MetricDefinition {
  std::string_view name;  // with its unit, and _total for counters
  MetricType type = MetricType::counter;
  std::uint8_t decimals = 0;
  std::array<Label, metric_labels_max> labels{};  // Label::none where there are fewer
  std::span<const std::int64_t> bounds;           // upper bounds of a histogram's buckets, in units of decimals
  std::string_view help;
};

[[nodiscard]] const MetricDefinition& definition_of(Metric metric);
[[nodiscard]] const LabelDefinition& definition_of(Label label);
// Of tenants, models, endpoints, MCP servers and their tools: as many as there are. Other labels are words of the code.
[[nodiscard]] bool holds_names(Label label);

// Lines that one series of it takes on the page.
[[nodiscard]] std::size_t lines_of(const MetricDefinition& definition);

}  // namespace obleth::observe
