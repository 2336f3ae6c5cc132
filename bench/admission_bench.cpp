// What a turn costs: the engine alone, with as many tenants as a large cluster has.
//
// The cycle is what one request costs the engine from arrival to end: arrive, be granted when another ends, end.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "core/fairshare/admission.hpp"
#include "core/fairshare/share_node.hpp"

namespace obleth::fairshare {
namespace {

constexpr std::uint32_t slots = 256;
constexpr std::uint32_t waiting_max = 19'000;  // just under the bound of the pool's queue

// As random as real ids, and the same in every run.
template <class Id>
Id id_of(std::uint64_t number) {
  std::mt19937_64 random(number);
  return Id{Bits128{.high = random(), .low = random()}};
}

// A pool whose slots are all taken, with one request of every tenant waiting (as many as may wait).
class BusyPool {
 public:
  BusyPool(std::uint32_t tenants, std::uint32_t groups) : engine_({.capacity = slots}) {
    for (std::uint32_t tenant = 0; tenant < tenants; ++tenant) {
      requests_.push_back({.waiter = tenant,
                           .group = id_of<GroupId>(tenant % groups),
                           .tenant = id_of<TenantId>(tenant),
                           .key = id_of<KeyId>(tenant),
                           .model = id_of<ModelId>(tenant % 3),
                           .prompt_tokens = 300,
                           .requested_cap = 200});
    }
    for (std::uint32_t i = 0; i < slots + std::min(tenants, waiting_max); ++i)
      arrive();
  }

  void arrive() { step(requests_[next_++ % requests_.size()]); }
  void finish() {
    const Ticket ticket = running_[oldest_];
    running_[oldest_] = running_.back();
    running_.pop_back();
    oldest_ = running_.empty() ? 0 : (oldest_ + 7) % running_.size();
    step(Finish{.ticket = ticket, .usage = TokenUsage{.prompt = {300}, .output = {150}}});
  }
  void progress(std::int64_t output_tokens) {
    step(Progress{.ticket = running_[oldest_], .output_tokens = output_tokens});
    oldest_ = (oldest_ + 1) % running_.size();
  }

 private:
  void step(const Event& event) {
    now_ = now_ + std::chrono::microseconds(20);
    actions_.clear();
    engine_.step(event, now_, actions_);
    for (const Granted& granted : actions_.granted)
      running_.push_back(granted.ticket);
  }

  Admission engine_;
  Actions actions_;
  Instant now_;
  std::vector<Arrive> requests_;  // one per tenant
  std::size_t next_ = 0;
  std::vector<Ticket> running_;
  std::size_t oldest_ = 0;
};

std::uint32_t groups_for(std::int64_t tenants) {
  return static_cast<std::uint32_t>(tenants < 100 ? 2 : tenants / 100);
}

void Cycle(benchmark::State& state) {
  BusyPool pool(static_cast<std::uint32_t>(state.range(0)), groups_for(state.range(0)));
  for (auto _ : state) {
    pool.arrive();
    pool.finish();
  }
}
BENCHMARK(Cycle)->Arg(10)->Arg(1'000)->Arg(100'000)->Unit(benchmark::kNanosecond);

void ProgressWithinTheEstimate(benchmark::State& state) {
  BusyPool pool(static_cast<std::uint32_t>(state.range(0)), groups_for(state.range(0)));
  std::int64_t told = 0;
  for (auto _ : state)
    pool.progress(++told / slots % 150);
}
BENCHMARK(ProgressWithinTheEstimate)->Arg(10)->Arg(1'000)->Arg(100'000)->Unit(benchmark::kNanosecond);

void TenantBytes(benchmark::State& state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(sizeof(ShareNode));
  state.counters["node"] = sizeof(ShareNode);
  state.counters["lane"] = sizeof(Lane);
}
BENCHMARK(TenantBytes);

}  // namespace
}  // namespace obleth::fairshare
