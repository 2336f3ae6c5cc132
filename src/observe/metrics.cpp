#include "observe/metrics.hpp"

#include <algorithm>
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

constexpr std::array<std::string_view, 6> status_classes = {"1xx", "2xx", "3xx", "4xx", "5xx", no_name};
constexpr std::array<std::string_view, 4> token_types = {"input", "cached_input", "output", "reasoning"};
constexpr std::array<std::string_view, 2> estimate_parts = {"fair", "hold"};
constexpr std::array admissions = {AdmissionOutcome::fast, AdmissionOutcome::queued, AdmissionOutcome::brownout,
                                   AdmissionOutcome::refused};
constexpr std::array usage_row_outcomes = {UsageRowOutcome::delivered, UsageRowOutcome::dropped,
                                           UsageRowOutcome::quarantined};

std::size_t status_class(int status) {
  return status >= 100 && status <= 599 ? static_cast<std::size_t>(status / 100 - 1) : status_classes.size() - 1;
}

SeriesKey key_of(Metric metric, LabelValue first, LabelValue second = label_absent) {
  return SeriesKey::of(metric, {first, second, label_absent, label_absent});
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
  const auto number_all = [this](Label label, const auto& words, auto& numbers) {
    LabelTable& table = tables_[static_cast<std::size_t>(label)];
    std::ranges::transform(words, numbers.begin(), [&table](std::string_view word) { return table.number_of(word); });
  };
  number_all(Label::status_class, status_classes, words_.status_classes);
  number_all(Label::type, token_types, words_.token_types);
  number_all(Label::part, estimate_parts, words_.estimate_parts);
  for (const AdmissionOutcome admission : admissions) {
    words_.admissions[static_cast<std::size_t>(admission)] =
        tables_[static_cast<std::size_t>(Label::admission)].number_of(to_text(admission));
  }
  for (const UsageRowOutcome outcome : usage_row_outcomes)
    count_usage_rows(outcome, 0);
  count_unbilled(0);
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
  const Counted request{.mine = mine,
                        .record = record,
                        .model = number(mine, Label::model, or_none(record.model)),
                        .tenant = number(mine, Label::tenant, or_none(record.tenant)),
                        .route = number(mine, Label::route, or_none(record.route)),
                        .admission = words_.admissions[static_cast<std::size_t>(record.admission)]};
  const LabelValue answer = words_.status_classes[status_class(record.status)];
  const auto add_of_tenant = [&](Metric metric, LabelValue second, std::int64_t amount) {
    if (amount > 0) mine.add(key_of(metric, request.tenant, second), not_negative(amount));
  };
  mine.add(SeriesKey::of(Metric::requests, {request.model, request.route, answer, request.admission}), 1);
  add_of_tenant(Metric::tenant_requests, answer, 1);
  observe_times(request);
  count_tokens(request);
  add_of_tenant(Metric::cost_dollars, label_absent, record.cost.value);
  add_of_tenant(Metric::gpu_seconds, label_absent, record.gpu_ms);
  if (record.admission == AdmissionOutcome::brownout) {
    const std::string_view told = record.brownout_reason;
    add_of_tenant(Metric::brownouts, number(mine, Label::reason, told.empty() ? "saturation" : told), 1);
  }
  if (record.cache != CacheOutcome::off) count_cache(request);
  count_budget(request);
  if (record.usage_clamped) mine.add(key_of(Metric::usage_clamped, request.model), 1);
  observe_estimates(request);
}

void Metrics::count_cache(const Counted& request) {
  const LabelValue result = number(request.mine, Label::result, to_text(request.record.cache));
  request.mine.add(key_of(Metric::cache_lookups, request.model, result), 1);
  const std::int64_t saved = request.record.tokens_saved;
  if (saved > 0) request.mine.add(key_of(Metric::cache_tokens_saved, request.model, result), not_negative(saved));
}

void Metrics::count_budget(const Counted& request) {
  const auto count_overrun = [&](std::string_view reason, std::int64_t tokens) {
    if (tokens <= 0) return;
    const LabelValue reason_number = number(request.mine, Label::reason, reason);
    request.mine.add(key_of(Metric::budget_overrun, request.tenant, reason_number), not_negative(tokens));
  };
  count_overrun("input_estimate", request.record.overrun_by_input.value);
  count_overrun("upstream_bound", request.record.overrun_by_output.value);
  if (request.record.budget_unguarded) request.mine.add(key_of(Metric::budget_unguarded, request.tenant), 1);
}

void Metrics::observe_times(const Counted& request) const {
  const UsageRecord& record = request.record;
  const auto observe = [&request](Metric metric, std::int64_t time) {
    request.mine.observe(key_of(metric, request.model, request.admission), not_negative(time));
  };
  observe(Metric::request_duration, record.total_ms);
  if (record.ttft_ms) observe(Metric::time_to_first_token, *record.ttft_ms);
  if (record.admission == AdmissionOutcome::refused) return;
  observe(Metric::queue_wait, record.queue_ms);
  // Nought where it was not measured: the client left before its turn.
  if (record.overhead_us > 0)
    request.mine.observe(key_of(Metric::overhead, request.route), not_negative(record.overhead_us));
}

void Metrics::count_tokens(const Counted& request) const {
  const TokenUsage& tokens = request.record.tokens;
  const std::array amounts = {tokens.prompt.value, tokens.cached.value, tokens.output.value, tokens.reasoning.value};
  for (std::size_t type = 0; type < amounts.size(); ++type) {
    if (amounts[type] <= 0) continue;
    const std::uint64_t added = not_negative(amounts[type]);
    request.mine.add(key_of(Metric::tokens, request.model, words_.token_types[type]), added);
    request.mine.add(key_of(Metric::tenant_tokens, request.tenant, words_.token_types[type]), added);
  }
}

// Only where the upstream told the truth to compare with.
void Metrics::observe_estimates(const Counted& request) const {
  const UsageRecord& record = request.record;
  if (record.usage_source != UsageSource::upstream || record.tokens.output.value <= 0) return;
  const std::array estimates = {record.fair_estimate.value, record.hold_estimate.value};
  for (std::size_t part = 0; part < estimates.size(); ++part) {
    if (estimates[part] <= 0) continue;
    const std::uint64_t thousandths = not_negative(saturating_multiply(estimates[part], per_thousand));
    request.mine.observe(key_of(Metric::estimate_error, request.model, words_.estimate_parts[part]),
                         thousandths / not_negative(record.tokens.output.value));
  }
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
  const std::string_view name = record.mcp_tool;
  const LabelTable& known = tables_[static_cast<std::size_t>(Label::tool)];
  const bool is_tool = !name.empty() && (outcome == tool_call_ok || known.knows(name));
  const LabelValue tool = is_tool ? number(mine, Label::tool, name) : label_other;
  const LabelValue server = number(mine, Label::server, record.mcp_server);
  mine.add(SeriesKey::of(Metric::mcp_tool_calls, {server, tool, number(mine, Label::outcome, outcome), label_absent}),
           1);
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

void Metrics::count_untold_changes(std::uint64_t changes) {
  SeriesShard& mine = shard();
  mine.add(key(mine, Metric::changes_untold, {}), changes);
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
