#include "observe/metrics.hpp"

#include <utility>

namespace obleth::observe {
namespace {

constexpr std::string_view no_name = "none";  // a request without model or tenant
constexpr std::int64_t per_thousand = 1000;

std::uint64_t next_serial() {
  static std::atomic<std::uint64_t> serial = 0;
  return ++serial;
}

std::uint64_t not_negative(std::int64_t value) {
  return value > 0 ? static_cast<std::uint64_t>(value) : 0;
}

std::string_view or_none(std::string_view name) {
  return name.empty() ? no_name : name;
}

std::string_view status_class(int status) {
  constexpr std::array<std::string_view, 5> classes = {"1xx", "2xx", "3xx", "4xx", "5xx"};
  return status >= 100 && status <= 599 ? classes[static_cast<std::size_t>(status / 100 - 1)] : no_name;
}

std::string_view to_text(UsageRowOutcome outcome) {
  constexpr std::array<std::string_view, 3> texts = {"delivered", "dropped", "quarantined"};
  return texts[static_cast<std::size_t>(outcome)];
}

}  // namespace

Metrics::Metrics(BuildLabels build) : serial_(next_serial()), build_(std::move(build)) {
  for (std::size_t at = 0; at < label_count; ++at) {
    tables_[at].limit(definition_of(static_cast<Label>(at)).values_max);
  }
}

SeriesShard& Metrics::shard() {
  struct Last {
    std::uint64_t serial = 0;
    SeriesShard* shard = nullptr;
  };
  thread_local Last last;
  if (last.serial != serial_) last = {serial_, &shard_of_this_thread()};
  return *last.shard;
}

SeriesShard& Metrics::shard_of_this_thread() {
  const std::scoped_lock lock(mutex_);
  // A thread that ended leaves its shard to the next one with its id: the counts stay.
  std::unique_ptr<SeriesShard>& mine = shards_[std::this_thread::get_id()];
  if (!mine) mine = std::make_unique<SeriesShard>(registry_);
  return *mine;
}

LabelValue Metrics::number(SeriesShard& mine, Label label, std::string_view value) {
  return mine.label(label, value, tables_[static_cast<std::size_t>(label)]);
}

SeriesKey Metrics::key(SeriesShard& mine, Metric metric, std::initializer_list<std::string_view> labels) {
  LabelValues values;
  values.fill(label_absent);
  const MetricDefinition& definition = definition_of(metric);
  std::size_t at = 0;
  for (const std::string_view text : labels) {
    values[at] = number(mine, definition.labels[at], text);
    ++at;
  }
  return SeriesKey::of(metric, values);
}

void Metrics::count_request(const UsageRecord& record) {
  SeriesShard& mine = shard();
  const std::string_view tenant = or_none(record.tenant);
  const std::string_view answer = status_class(record.status);
  const LabelValue model_number = number(mine, Label::model, or_none(record.model));
  const LabelValue tenant_number = number(mine, Label::tenant, tenant);
  mine.add(key(mine, Metric::requests, {or_none(record.model), record.route, answer, to_text(record.admission)}), 1);
  mine.add(key(mine, Metric::tenant_requests, {tenant, answer}), 1);
  observe_times(mine, record, model_number);
  count_tokens(mine, record.tokens, model_number, tenant_number);
  if (record.cost.value > 0) {
    mine.add(key(mine, Metric::cost_dollars, {tenant}), not_negative(record.cost.value));
  }
  if (record.gpu_ms > 0) mine.add(key(mine, Metric::gpu_seconds, {tenant}), not_negative(record.gpu_ms));
  if (record.admission == AdmissionOutcome::brownout) {
    const std::string_view told = record.brownout_reason;
    mine.add(key(mine, Metric::brownouts, {tenant, told.empty() ? "saturation" : told}), 1);
  }
  count_budget(mine, record);
  if (record.usage_clamped) mine.add(key(mine, Metric::usage_clamped, {or_none(record.model)}), 1);
  observe_estimates(mine, record, model_number);
}

void Metrics::count_budget(SeriesShard& mine, const UsageRecord& record) {
  const std::string_view tenant = or_none(record.tenant);
  const auto count_overrun = [&](std::string_view reason, std::int64_t tokens) {
    if (tokens > 0) mine.add(key(mine, Metric::budget_overrun, {tenant, reason}), not_negative(tokens));
  };
  count_overrun("input_estimate", record.overrun_by_input.value);
  count_overrun("upstream_bound", record.overrun_by_output.value);
  if (record.budget_unguarded) mine.add(key(mine, Metric::budget_unguarded, {tenant}), 1);
}

void Metrics::observe_times(SeriesShard& mine, const UsageRecord& record, LabelValue model) {
  const LabelValue admission = number(mine, Label::admission, to_text(record.admission));
  const LabelValues labels = {model, admission, label_absent, label_absent};
  mine.observe(SeriesKey::of(Metric::request_duration, labels), not_negative(record.total_ms));
  if (record.ttft_ms) {
    mine.observe(SeriesKey::of(Metric::time_to_first_token, labels), not_negative(*record.ttft_ms));
  }
  if (record.admission == AdmissionOutcome::refused) return;
  mine.observe(SeriesKey::of(Metric::queue_wait, labels), not_negative(record.queue_ms));
  // Nought where it was not measured: the client left before its turn.
  if (record.overhead_us > 0)
    mine.observe(key(mine, Metric::overhead, {record.route}), not_negative(record.overhead_us));
}

void Metrics::count_tokens(SeriesShard& mine, const TokenUsage& tokens, LabelValue model, LabelValue tenant) {
  const auto count = [&](std::string_view type, std::int64_t amount) {
    if (amount <= 0) return;
    const LabelValue type_number = number(mine, Label::type, type);
    const std::uint64_t added = not_negative(amount);
    mine.add(SeriesKey::of(Metric::tokens, {model, type_number, label_absent, label_absent}), added);
    mine.add(SeriesKey::of(Metric::tenant_tokens, {tenant, type_number, label_absent, label_absent}), added);
  };
  count("input", tokens.prompt.value);
  count("cached_input", tokens.cached.value);
  count("output", tokens.output.value);
  count("reasoning", tokens.reasoning.value);
}

// Only where the upstream told the truth to compare with.
void Metrics::observe_estimates(SeriesShard& mine, const UsageRecord& record, LabelValue model) {
  if (record.usage_source != UsageSource::upstream || record.tokens.output.value <= 0) return;
  const auto observe = [&](std::string_view part, OutputTokens estimate) {
    if (estimate.value <= 0) return;
    const LabelValues labels = {model, number(mine, Label::part, part), label_absent, label_absent};
    const std::uint64_t thousandths = not_negative(saturating_multiply(estimate.value, per_thousand));
    mine.observe(SeriesKey::of(Metric::estimate_error, labels), thousandths / not_negative(record.tokens.output.value));
  };
  observe("fair", record.fair_estimate);
  observe("hold", record.hold_estimate);
}

void Metrics::count_refusal(std::string_view tenant, std::string_view reason) {
  SeriesShard& mine = shard();
  mine.add(key(mine, Metric::refusals, {or_none(tenant), or_none(reason)}), 1);
}

void Metrics::count_mcp_message(const UsageRecord& record) {
  SeriesShard& mine = shard();
  const std::string status = std::to_string(record.status);
  const std::string_view method = or_none(record.mcp_method);
  mine.add(key(mine, Metric::mcp_requests, {record.mcp_server, method, status}), 1);
  if (method == "GET") return;
  mine.observe(key(mine, Metric::mcp_request_duration, {record.mcp_server, method, status}),
               not_negative(record.total_ms));
}

void Metrics::count_mcp_tool_call(const UsageRecord& record, std::string_view outcome) {
  SeriesShard& mine = shard();
  const bool is_known = record.error_code.empty() && !record.mcp_tool.empty();
  const std::string_view tool = is_known ? std::string_view(record.mcp_tool) : "other";
  mine.add(key(mine, Metric::mcp_tool_calls, {record.mcp_server, tool, outcome}), 1);
}

void Metrics::record_upstream_attempt(std::string_view model, std::string_view endpoint, std::string_view outcome) {
  SeriesShard& mine = shard();
  mine.add(key(mine, Metric::upstream_attempts, {or_none(model), or_none(endpoint), outcome}), 1);
}

void Metrics::record_store_call(std::string_view store, std::string_view operation, Duration took) {
  SeriesShard& mine = shard();
  mine.observe(key(mine, Metric::store_call, {store, operation}), not_negative(whole_us(took)));
}

void Metrics::count_usage_rows(UsageRowOutcome outcome, std::uint64_t rows) {
  SeriesShard& mine = shard();
  mine.add(key(mine, Metric::usage_rows, {to_text(outcome)}), rows);
}

void Metrics::count_unbilled(std::uint64_t requests) {
  SeriesShard& mine = shard();
  mine.add(key(mine, Metric::unbilled, {}), requests);
}

void Metrics::count_dropped_usage_rows(std::string_view reason, std::uint64_t rows) {
  SeriesShard& mine = shard();
  mine.add(key(mine, Metric::usage_rows_dropped, {reason}), rows);
}

void Metrics::add_gauges(GaugeSource source) {
  const std::scoped_lock lock(mutex_);
  sources_.push_back(std::move(source));
}

}  // namespace obleth::observe
