#include "observe/metric_catalog.hpp"

namespace obleth::observe {
namespace {

// Milliseconds: answers of language models take from a blink to minutes.
constexpr std::array<std::int64_t, 14> duration_bounds_ms = {25,   50,    100,   250,   500,   1000,   2500,
                                                             5000, 10000, 20000, 40000, 80000, 160000, 320000};
constexpr std::array<std::int64_t, 14> first_token_bounds_ms = {10,   25,   50,   100,   200,   400,   800,
                                                                1500, 3000, 5000, 10000, 20000, 40000, 80000};
constexpr std::array<std::int64_t, 12> queue_bounds_ms = {1,    5,    25,   100,   250,   500,
                                                          1000, 2500, 5000, 10000, 30000, 60000};
// Microseconds: 5 µs – 100 ms.
constexpr std::array<std::int64_t, 13> overhead_bounds_us = {5,    10,   25,   50,    100,   250,   500,
                                                             1000, 2500, 5000, 10000, 25000, 100000};
constexpr std::array<std::int64_t, 11> store_bounds_us = {50,    100,   250,    500,     1000,   5000,
                                                          10000, 50000, 250000, 1000000, 5000000};
// Thousandths: 1.0 is an exact estimate.
constexpr std::array<std::int64_t, 12> ratio_bounds = {100,  250,  500,  750,  900,  1000,
                                                       1100, 1250, 1500, 2000, 4000, 10000};

using enum MetricType;
using enum Label;

// In the order of Metric.
constexpr std::array<MetricDefinition, metric_count> metrics = {{
    {"obleth_requests_total", counter, 0, {model, route, status_class, admission}, {}, "Requests that ended."},
    {"obleth_tenant_requests_total", counter, 0, {tenant, status_class}, {}, "Requests that ended, by tenant."},
    {"obleth_request_duration_seconds",
     histogram,
     3,
     {model, admission},
     duration_bounds_ms,
     "Time from the head of a request to the end of its answer."},
    {"obleth_time_to_first_token_seconds",
     histogram,
     3,
     {model, admission},
     first_token_bounds_ms,
     "Time from the head of a request to the first byte of its answer's body."},
    {"obleth_queue_wait_seconds",
     histogram,
     3,
     {model, admission},
     queue_bounds_ms,
     "Time that admitted requests waited for their turn."},
    {"obleth_overhead_seconds",
     histogram,
     6,
     {route},
     overhead_bounds_us,
     "Time in the gateway that was neither queue nor upstream."},
    {"obleth_tokens_total",
     counter,
     0,
     {model, type},
     {},
     "Tokens used; cached_input is part of input, reasoning is part of output."},
    {"obleth_tenant_tokens_total",
     counter,
     0,
     {tenant, type},
     {},
     "Tokens used, by tenant; cached_input is part of input, reasoning is part of output."},
    {"obleth_cost_dollars_total", counter, 9, {tenant}, {}, "Price of what was used, in US dollars."},
    {"obleth_gpu_seconds_total", counter, 3, {tenant}, {}, "Share of GPU time that requests took."},
    {"obleth_capacity_slots", gauge, 0, {model}, {}, "Requests that may be in flight; without model: in all."},
    {"obleth_leased_slots",
     gauge,
     0,
     {},
     {},
     "Slots of the capacity that this replica may use, where they are shared."},
    {"obleth_unleased_requests_total",
     counter,
     0,
     {},
     {},
     "Requests that went on this replica's part of the capacity while the others were not heard."},
    {"obleth_replicas",
     gauge,
     0,
     {},
     {},
     "Replicas that share the capacity, those that vanished a minute ago included."},
    {"obleth_in_flight", gauge, 0, {model}, {}, "Requests at the upstreams; without model: in all."},
    {"obleth_queued", gauge, 0, {model}, {}, "Requests that wait for their turn; without model: in all."},
    {"obleth_fairshare_entitled_ratio", gauge, 0, {tenant}, {}, "Share of the work that the weight entitles to."},
    {"obleth_fairshare_received_ratio", gauge, 0, {tenant}, {}, "Share of the work that was received."},
    {"obleth_fairshare_lag_units", gauge, 0, {tenant}, {}, "How far behind its share a tenant is, in virtual time."},
    {"obleth_brownouts_total", counter, 0, {tenant, reason}, {}, "Requests whose output cap was lowered."},
    {"obleth_refusals_total", counter, 0, {tenant, reason}, {}, "Requests that were refused."},
    {"obleth_estimate_error_ratio",
     histogram,
     3,
     {model, part},
     ratio_bounds,
     "Estimated output tokens divided by real ones; 1 is exact."},
    {"obleth_upstream_attempts_total", counter, 0, {model, endpoint, outcome}, {}, "Requests sent to endpoints."},
    {"obleth_endpoint_healthy", gauge, 0, {model, endpoint}, {}, "1 while an endpoint is offered requests."},
    {"obleth_cache_lookups_total",
     counter,
     0,
     {model, result},
     {},
     "Requests for models with a response cache: answered from it (hit), or not (miss)."},
    {"obleth_cache_tokens_saved_total", counter, 0, {model, result}, {}, "Tokens of answers that came from the cache."},
    {"obleth_store_up", gauge, 0, {store}, {}, "1 while a store answers."},
    {"obleth_store_call_seconds",
     histogram,
     6,
     {store, operation},
     store_bounds_us,
     "Time that calls of a store took."},
    {"obleth_spool_bytes", gauge, 0, {}, {}, "Usage rows that the ledger has not taken yet."},
    {"obleth_spool_oldest_seconds", gauge, 0, {}, {}, "Age of the oldest of them; 0 when there is none."},
    {"obleth_usage_rows_total", counter, 0, {outcome}, {}, "Rows of the usage ledger, by what became of them."},
    {"obleth_budget_overrun_tokens_total",
     counter,
     0,
     {tenant, reason},
     {},
     "Tokens used beyond what a budget held: input_estimate was too small, or upstream_bound was broken."},
    {"obleth_budget_unguarded_requests_total",
     counter,
     0,
     {tenant},
     {},
     "Requests that passed while it was not known what a budget has left."},
    {"obleth_usage_clamped_total",
     counter,
     0,
     {model},
     {},
     "Answers whose usage held a negative, fractional or huge number, which was clamped."},
    {"obleth_unbilled_requests_total",
     counter,
     0,
     {},
     {},
     "Requests that were in flight when the process before this one was killed: they are not billed."},
    {"obleth_usage_rows_dropped_total",
     counter,
     0,
     {reason},
     {},
     "Rows of the usage ledger that were dropped, by why."},
    {"obleth_budget_bookings_dropped_total",
     counter,
     0,
     {},
     {},
     "Settlements that were not booked in Redis, as too many waited for it; their rows in the ledger still tell."},
    {"obleth_untold_changes_total",
     counter,
     0,
     {},
     {},
     "Changes of the configuration that the other replicas could not be told of: they found them by their poll."},
    {"obleth_key_cache_entries", gauge, 0, {}, {}, "Keys in the cache."},
    {"obleth_key_lookups_total", counter, 0, {result}, {}, "Keys that were looked up."},
    {"obleth_failed_keys_throttled_total", counter, 0, {}, {}, "Requests refused as too many with an invalid key."},
    {"obleth_mcp_requests_total", counter, 0, {server, method, status}, {}, "MCP messages and streams that ended."},
    {"obleth_mcp_request_duration_seconds",
     histogram,
     3,
     {server, method, status},
     duration_bounds_ms,
     "Time from the head of an MCP request to the end of its answer; streams are not in it."},
    {"obleth_mcp_tool_calls_total", counter, 0, {server, tool, outcome}, {}, "Tools of MCP servers that were called."},
    {"obleth_connections", gauge, 0, {listener}, {}, "Client connections that are open."},
    {"obleth_connections_refused_total",
     counter,
     0,
     {listener},
     {},
     "Connections that were answered 503 and closed, as too many were open."},
    {"obleth_log_lines_dropped_total", counter, 0, {}, {}, "Log lines dropped because their reader is too slow."},
    {"obleth_build_info", gauge, 0, {version, revision}, {}, "What this process was built from; always 1."},
    {"process_cpu_seconds_total", counter, 0, {}, {}, "User and system CPU time spent."},
    {"process_resident_memory_bytes", gauge, 0, {}, {}, "Resident memory."},
    {"process_virtual_memory_bytes", gauge, 0, {}, {}, "Virtual memory."},
    {"process_open_fds", gauge, 0, {}, {}, "Open file descriptors."},
    {"process_max_fds", gauge, 0, {}, {}, "File descriptors that may be open."},
    {"process_threads", gauge, 0, {}, {}, "Threads."},
    {"process_start_time_seconds", gauge, 0, {}, {}, "When the process started, in Unix time."},
}};

// In the order of Label.
constexpr std::array<LabelDefinition, label_count> labels = {{
    {"", 0},           {"tenant", 1000}, {"model", 250},  {"endpoint", 500}, {"route", 48},   {"status_class", 8},
    {"admission", 8},  {"type", 8},      {"reason", 48},  {"part", 8},       {"outcome", 32}, {"store", 16},
    {"operation", 64}, {"result", 8},    {"server", 100}, {"method", 48},    {"status", 48},  {"tool", 500},
    {"listener", 4},   {"version", 4},   {"revision", 4},
}};

static_assert(metrics.back().name == "process_start_time_seconds" && labels.back().name == "revision");

}  // namespace

const MetricDefinition& definition_of(Metric metric) {
  return metrics[static_cast<std::size_t>(metric)];
}

const LabelDefinition& definition_of(Label label) {
  return labels[static_cast<std::size_t>(label)];
}

bool holds_names(Label label) {
  return label == Label::tenant || label == Label::model || label == Label::endpoint || label == Label::server ||
         label == Label::tool;
}

std::size_t lines_of(const MetricDefinition& definition) {
  constexpr std::size_t infinity_sum_and_count = 3;
  return definition.type == MetricType::histogram ? definition.bounds.size() + infinity_sum_and_count : 1;
}

}  // namespace obleth::observe
