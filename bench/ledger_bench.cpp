// The way of a row into the ledger: what keeping it costs the request's thread, what delivering it costs after.
//
// The spool lies in the folder for temporary files. Rows are as chats make them, about 290 bytes each: of so many
// tenants with four keys each, who ask 8 models, or of one key that asks one.
#include <benchmark/benchmark.h>

#include <memory>
#include <optional>
#include <string>

#include "adapters/os/system_entropy.hpp"
#include "adapters/spool/delivery.hpp"
#include "adapters/spool/spool_writer.hpp"
#include "adapters/sqlite/sqlite_usage_ledger.hpp"
#include "base/temporary_folder_test.hpp"

namespace obleth::adapters {
namespace {

constexpr std::int64_t began_ms = 1'790'000'000'000;
constexpr std::int64_t rows_per_ms = 5;

UsageRecord chat_row(SystemEntropy& entropy, std::int64_t number = 0, std::uint64_t tenants = 50) {
  UsageRecord row;
  row.event_id = EventId{entropy.bits128()};
  row.client_request_id = row.event_id.uuid();
  row.ts = WallTime{began_ms + number / rows_per_ms};
  const std::uint64_t key = tenants == 1 ? 0 : row.event_id.bits.high % (4 * tenants);
  row.tenant_id = TenantId{{11, key / 4}};
  row.key_id = KeyId{{13, key}};
  row.tenant = "chatbot-" + std::to_string(key / 4);
  row.group = "default";
  row.model = "llama-3-70b-" + std::to_string(tenants == 1 ? 0 : row.event_id.bits.low % 8);
  row.upstream_model = "llama-3-70b";
  row.endpoint = "http://10.1.2.3:8000/v1";
  row.route = "/v1/chat/completions";
  row.stream = true;
  row.status = 200;
  row.tokens = {.prompt = {812}, .output = {143}};
  row.ttft_ms = 214 + number % 99;
  row.total_ms = 3417 + number % 8191;
  row.overhead_us = 71;
  row.fairshare_cost = {955'000};
  row.fairshare_key = 123'456'789;
  row.fairshare_v = 123'456'700;
  row.slot_ms = 3400;
  row.gpu_ms = 320;
  row.weight = 100;
  row.cost = NanoUsd{4'581'000};
  row.user_agent_family = "OpenAI-Python";
  return row;
}

class Place {
  TemporaryFolder folder_;  // goes last

 public:
  Place() {
    spool = std::move(
        *Spool::open({.folder = folder_.file("spool"), .bytes_max = std::uint64_t{64} << 30}, entropy, metrics));
    ports::Loop::set_current(&loop);
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  [[nodiscard]] std::string file(const char* name) const { return folder_.file(name); }
  void turn() { loop.turn(Duration::zero()); }
  void write_rows(std::int64_t rows, std::uint64_t tenants) {
    SpoolWriter writer(loop, *spool);
    for (std::int64_t row = 0; row < rows; ++row) {
      spawn(writer.keep(chat_row(entropy, row, tenants)));
      if (row % 64 == 0) turn();
    }
    turn();
  }

  SystemEntropy entropy;
  observe::Metrics metrics{{.version = "bench"}};
  observe::Readiness readiness;
  EpollLoop loop;
  std::unique_ptr<Spool> spool;
};

void EncodeAndSeal(benchmark::State& state) {
  SystemEntropy entropy;
  const UsageRecord row = chat_row(entropy);
  std::array<char, record_head_bytes + row_bytes_max> out;
  std::size_t size = 0;
  for (auto _ : state) {
    size = record_head_bytes +
           encode_row(row, std::span<char, row_bytes_max>(out.data() + record_head_bytes, row_bytes_max));
    put_record_head({out.data(), size}, 4096, 77);
    benchmark::DoNotOptimize(out);
  }
  state.counters["bytes"] = static_cast<double>(size);
}
BENCHMARK(EncodeAndSeal);

// What a turn costs that keeps nothing: to be taken off the next.
void TurnOfTheLoop(benchmark::State& state) {
  Place place;
  for (auto _ : state)
    place.turn();
}
BENCHMARK(TurnOfTheLoop);

// A turn in which this many requests ended; the time is of the whole turn.
void KeepInOneTurn(benchmark::State& state) {
  Place place;
  SpoolWriter writer(place.loop, *place.spool);
  const UsageRecord row = chat_row(place.entropy);
  for (auto _ : state) {
    for (std::int64_t at = 0; at < state.range(0); ++at)
      spawn(writer.keep(row));
    place.turn();
  }
  state.counters["each"] = benchmark::Counter(static_cast<double>(state.iterations() * state.range(0)),
                                              benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(KeepInOneTurn)->Arg(1)->Arg(8)->Arg(64)->Iterations(20'000);

class ForgetfulSink final : public ports::UsageSink {
 public:
  Task<Result<void>> deliver(ports::UsageBatch) override { co_return Result<void>{}; }
};

Task<void> drain(Delivery& delivery, std::optional<bool>& done) {
  const Result<void> delivered = co_await delivery.delivered(std::chrono::minutes(5));
  done = delivered.has_value();
}

void replay(benchmark::State& state, bool into_sqlite) {
  constexpr std::int64_t rows = 200'000;
  for (auto _ : state) {
    state.PauseTiming();
    auto place = std::make_unique<Place>();
    place->write_rows(rows, static_cast<std::uint64_t>(state.range(0)));
    ForgetfulSink forgetful;
    std::unique_ptr<SqliteUsageLedger> ledger;
    if (into_sqlite) ledger = std::move(*SqliteUsageLedger::open({.path = place->file("usage.db")}));
    ports::UsageSink& sink = into_sqlite ? static_cast<ports::UsageSink&>(*ledger) : forgetful;
    state.ResumeTiming();
    auto delivery = std::make_unique<Delivery>(place->loop, *place->spool, sink, place->entropy, &place->readiness);
    std::optional<bool> done;
    spawn(drain(*delivery, done));
    while (!done)
      place->loop.turn(std::chrono::milliseconds(50));
    if (!*done) state.SkipWithError("the rows were not delivered");
    state.PauseTiming();
    ledger.reset();
    delivery.reset();
    place.reset();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * rows);
}

// Read, checked, decoded, fixed, acknowledged, deleted: all but the ledger itself.
void Replay(benchmark::State& state) {
  replay(state, false);
}
BENCHMARK(Replay)->Arg(50)->Unit(benchmark::kMillisecond)->UseRealTime()->MeasureProcessCPUTime();

void ReplayIntoSqlite(benchmark::State& state) {
  replay(state, true);
}
BENCHMARK(ReplayIntoSqlite)
    ->Arg(1)
    ->Arg(50)
    ->Arg(100'000)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime()
    ->MeasureProcessCPUTime()
    ->Iterations(2);

}  // namespace
}  // namespace obleth::adapters
