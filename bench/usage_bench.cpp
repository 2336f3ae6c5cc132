// The usage ledger in SQLite with 1,000,000 rows: what a delivery costs, and how long each question takes.
//
// The ledger is made once in a folder of its own (about a minute), in deliveries of 10,000 rows, and removed at the
// end.
#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "adapters/sqlite/sqlite_usage_ledger.hpp"
#include "base/temporary_folder_test.hpp"

namespace obleth {
namespace {

using adapters::SqliteUsageLedger;
using ports::UsageBucket;
using ports::UsageDimension;

constexpr std::size_t rows_of_a_delivery = 10'000;
constexpr std::size_t deliveries = 100;
constexpr std::int64_t end_ms = 1'790'000'000'000;
constexpr std::int64_t day_ms = 86'400'000;
constexpr std::int64_t span_ms = 60 * day_ms;

class FilledLedger {
 public:
  FilledLedger() {
    ledger_ = std::move(*SqliteUsageLedger::open({.path = folder_.file("usage.db")}));
    const auto begun = std::chrono::steady_clock::now();
    for (std::size_t batch = 0; batch < deliveries; ++batch)
      deliver(batch);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
    const auto bytes = std::filesystem::file_size(folder_.file("usage.db"));
    std::fprintf(stderr, "%zu rows delivered in %.1f s: %.0f rows/s with making them; %.0f bytes a row\n",
                 deliveries * rows_of_a_delivery, took.count(), deliveries * rows_of_a_delivery / took.count(),
                 static_cast<double>(bytes) / (deliveries * rows_of_a_delivery));
  }
  FilledLedger(const FilledLedger&) = delete;
  FilledLedger& operator=(const FilledLedger&) = delete;

  // The next 10,000 rows; their making is not delivering.
  std::vector<UsageRecord> make_rows(std::size_t batch) {
    std::vector<UsageRecord> rows(rows_of_a_delivery);
    for (std::size_t at = 0; at < rows.size(); ++at)
      fill(rows[at], batch * rows_of_a_delivery + at);
    return rows;
  }
  void deliver_rows(std::size_t batch, const std::vector<UsageRecord>& rows) {
    const ports::UsageBatch delivery{{.segment = {1, 1}, .begin = batch, .end = batch + 1}, rows};
    if (!ledger_->deliver(delivery).run_now()) std::abort();
  }
  [[nodiscard]] SqliteUsageLedger& ledger() { return *ledger_; }
  [[nodiscard]] EventId some_event() const { return some_event_; }

 private:
  void deliver(std::size_t batch) { deliver_rows(batch, make_rows(batch)); }

  void fill(UsageRecord& row, std::size_t serial) {
    const auto pick = [this](std::uint64_t below) { return random_() % below; };
    row.event_id = EventId{{random_(), random_()}};
    if (serial == 500'000) some_event_ = row.event_id;
    row.client_request_id = "req-" + std::to_string(serial);
    const auto place = static_cast<std::int64_t>(serial);
    row.ts = {end_ms - span_ms + span_ms / static_cast<std::int64_t>(deliveries * rows_of_a_delivery) * place};
    const std::uint64_t tenant = pick(50);
    row.tenant_id = TenantId{{1, tenant}};
    row.tenant = "tenant-" + std::to_string(tenant);
    row.key_id = KeyId{{2, tenant * 4 + pick(4)}};
    row.group = tenant % 3 == 0 ? "batch" : "online";
    row.model = "model-" + std::to_string(pick(8));
    row.upstream_model = "vendor/" + row.model;
    row.endpoint = "http://vllm-1:8000/v1";
    row.route = pick(5) == 0 ? "/v1/embeddings" : "/v1/chat/completions";
    row.stream = pick(2) == 0;
    row.admission = static_cast<AdmissionOutcome>(pick(20) == 0 ? 3 : pick(3));
    row.status = row.admission == AdmissionOutcome::refused ? 429 : (pick(100) == 0 ? 502 : 200);
    row.tokens = {{static_cast<std::int64_t>(pick(4000))}, {0}, {static_cast<std::int64_t>(pick(800))}, {0}};
    row.total_ms = static_cast<std::int64_t>(pick(20'000));
    row.ttft_ms = static_cast<std::int64_t>(pick(2000));
    row.queue_ms = static_cast<std::int64_t>(pick(500));
    row.cost = {static_cast<std::int64_t>(pick(9'000'000))};
    row.user_agent_family = "openai-python";
  }

  TemporaryFolder folder_;
  std::unique_ptr<SqliteUsageLedger> ledger_;
  std::mt19937_64 random_{42};
  EventId some_event_;
};

FilledLedger& filled() {
  static FilledLedger ledger;
  return ledger;
}

ports::UsageScope last(std::int64_t days) {
  // Neither begins nor ends at a whole anything.
  return {.span = {{end_ms - days * day_ms + 12'345}, {end_ms - 54'321}}};
}

void summary(benchmark::State& state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(filled().ledger().summary(last(state.range(0))).run_now());
}
BENCHMARK(summary)->Arg(1)->Arg(30)->Arg(60)->Unit(benchmark::kMillisecond);

void summary_of_one_tenant(benchmark::State& state) {
  ports::UsageScope scope = last(60);
  scope.tenant = TenantId{{1, 7}};
  for (auto _ : state)
    benchmark::DoNotOptimize(filled().ledger().summary(scope).run_now());
}
BENCHMARK(summary_of_one_tenant)->Unit(benchmark::kMillisecond);

// Who asks for a tenant and a model asks the finest sums.
ports::UsageScope tenants_model(std::int64_t days) {
  ports::UsageScope scope = last(days);
  scope.tenant = TenantId{{1, 7}};
  scope.model = "model-3";
  return scope;
}
void summary_of_one_tenants_model(benchmark::State& state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(filled().ledger().summary(tenants_model(60)).run_now());
}
BENCHMARK(summary_of_one_tenants_model)->Unit(benchmark::kMillisecond);

struct Narrowed {
  bool tenant = false;
  bool model = false;
  ports::UsageScope over(std::int64_t days) const {
    ports::UsageScope scope = tenants_model(days);
    if (!tenant) scope.tenant.reset();
    if (!model) scope.model.clear();
    return scope;
  }
};
constexpr Narrowed nothing{};
constexpr Narrowed one_tenant{.tenant = true};
constexpr Narrowed one_model{.model = true};

struct Series {
  UsageBucket bucket = UsageBucket::hour;
  std::int64_t days = 60;
  std::optional<UsageDimension> by = std::nullopt;
  Narrowed narrowed = nothing;
};
void series(benchmark::State& state, Series asked) {
  const ports::UsageScope scope = asked.narrowed.over(asked.days);
  for (auto _ : state)
    benchmark::DoNotOptimize(filled().ledger().series(scope, asked.bucket, asked.by, 10).run_now());
}
BENCHMARK_CAPTURE(series, minutes_of_a_day, Series{UsageBucket::minute, 1})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(series, minutes_of_a_day_by_key, Series{UsageBucket::minute, 1, UsageDimension::key})
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(series, hours_of_a_month, Series{UsageBucket::hour, 30})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(series, hours, Series{UsageBucket::hour, 60})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(series, hours_by_tenant, Series{UsageBucket::hour, 60, UsageDimension::tenant})
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(series, hours_by_key, Series{UsageBucket::hour, 60, UsageDimension::key})
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(series, hours_by_model, Series{UsageBucket::hour, 60, UsageDimension::model})
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(series, hours_by_tenant_of_a_model, Series{UsageBucket::hour, 60, UsageDimension::tenant, one_model})
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(series, hours_by_key_of_a_model, Series{UsageBucket::hour, 60, UsageDimension::key, one_model})
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(series, hours_by_model_of_a_tenant, Series{UsageBucket::hour, 60, UsageDimension::model, one_tenant})
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(series, days_by_tenant, Series{UsageBucket::day, 60, UsageDimension::tenant})
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(series, days_by_key, Series{UsageBucket::day, 60, UsageDimension::key})
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(series, days_by_model, Series{UsageBucket::day, 60, UsageDimension::model})
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(series, days_by_group, Series{UsageBucket::day, 60, UsageDimension::group})
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(series, days_by_tenant_of_a_model, Series{UsageBucket::day, 60, UsageDimension::tenant, one_model})
    ->Unit(benchmark::kMillisecond);

void division(benchmark::State& state, UsageDimension by, Narrowed narrowed) {
  const ports::UsageScope scope = narrowed.over(60);
  for (auto _ : state)
    benchmark::DoNotOptimize(filled().ledger().division(scope, by, 500).run_now());
}
BENCHMARK_CAPTURE(division, by_tenant, UsageDimension::tenant, nothing)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(division, by_key, UsageDimension::key, nothing)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(division, by_model, UsageDimension::model, nothing)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(division, by_group, UsageDimension::group, nothing)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(division, by_key_of_a_model, UsageDimension::key, one_model)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(division, by_model_of_a_tenant, UsageDimension::model, one_tenant)->Unit(benchmark::kMillisecond);

void page(benchmark::State& state, ports::UsageRowFilter filter) {
  filter.scope.span = {{0}, {end_ms * 2}};
  for (auto _ : state)
    benchmark::DoNotOptimize(filled().ledger().rows({.filter = filter, .limit = 500}).run_now());
}
BENCHMARK_CAPTURE(page, of_all, ports::UsageRowFilter{})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(page, of_a_status, ports::UsageRowFilter{.scope = {}, .status = 502})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(page, of_a_status_that_never_was, ports::UsageRowFilter{.scope = {}, .status = 418})
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(page, of_a_tenants_failures,
                  ports::UsageRowFilter{.scope = {.span = {}, .tenant = TenantId{{1, 7}}}, .status = 418})
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(page, of_a_key, ports::UsageRowFilter{.scope = {.span = {}, .key = KeyId{{2, 29}}}})
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(page, of_a_model_and_route,
                  ports::UsageRowFilter{.scope = {.span = {}, .model = "model-3"}, .route = "/v1/embeddings"})
    ->Unit(benchmark::kMillisecond);

void one_request(benchmark::State& state) {
  const EventId id = filled().some_event();
  for (auto _ : state)
    benchmark::DoNotOptimize(filled().ledger().row(id).run_now());
}
BENCHMARK(one_request)->Unit(benchmark::kMillisecond);

void spent(benchmark::State& state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(filled().ledger().spent(TenantId{{1, 7}}, last(state.range(0)).span).run_now());
}
BENCHMARK(spent)->Arg(1)->Arg(60)->Unit(benchmark::kMillisecond);

// A batch onto the million, with everything that is summed of it: 10,000 rows of two seconds, as a busy gateway hands
// them on, and rows as far apart as those of the million, of which hardly two share a sum.
void deliver(benchmark::State& state, std::int64_t apart_us) {
  static std::size_t batch = deliveries;
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<UsageRecord> rows = filled().make_rows(batch);
    for (std::size_t at = 0; at < rows.size(); ++at)
      rows[at].ts = {end_ms + static_cast<std::int64_t>(batch * rows.size() + at) * apart_us / 1000};
    state.ResumeTiming();
    filled().deliver_rows(batch++, rows);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(rows_of_a_delivery));
}
BENCHMARK_CAPTURE(deliver, rows_of_two_seconds, 200)->Iterations(20)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(deliver, rows_of_half_a_day, span_ms / 1000)->Iterations(10)->Unit(benchmark::kMillisecond);

// The sums of an hour that is over, of 10,000 tenants who asked in ten of its minutes each: 100,000 by minute.
void close_an_hour(benchmark::State& state) {
  constexpr std::int64_t hour_ms = 3'600'000;
  constexpr std::int64_t begin_ms = end_ms / hour_ms * hour_ms;
  constexpr std::size_t minutes = 10;
  for (auto _ : state) {
    state.PauseTiming();
    const TemporaryFolder folder;
    const auto ledger = std::move(*SqliteUsageLedger::open({.path = folder.file("usage.db")}));
    for (std::size_t minute = 0; minute < minutes; ++minute) {
      std::vector<UsageRecord> rows = filled().make_rows(minute);
      for (std::size_t at = 0; at < rows.size(); ++at) {
        rows[at].ts = {begin_ms + static_cast<std::int64_t>(minute) * 60'000 + static_cast<std::int64_t>(at)};
        rows[at].tenant_id = TenantId{{1, at}};
        rows[at].key_id = KeyId{{2, at}};
      }
      const ports::UsageBatch delivery{{.segment = {1, 1}, .begin = minute, .end = minute + 1}, rows};
      if (!ledger->deliver(delivery).run_now()) std::abort();
    }
    state.ResumeTiming();
    while (*ledger->forget_step({begin_ms + 2 * day_ms}, 180).run_now()) {
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(rows_of_a_delivery * minutes));
}
BENCHMARK(close_an_hour)->Iterations(3)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace obleth
