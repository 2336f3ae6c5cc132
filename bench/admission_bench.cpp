// What a turn costs: the engine alone, with as many tenants as a large cluster has.
//
// The cycle is what one request costs the engine from arrival to end: arrive, be granted when another ends, end.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <vector>

#include "core/fairshare/admission.hpp"
#include "core/fairshare/share_node.hpp"

namespace {

// What was asked of the heap: how often, and how much is still held.
std::int64_t allocations = 0;
std::int64_t bytes_held = 0;
constexpr std::size_t prefix = alignof(std::max_align_t) > 64 ? alignof(std::max_align_t) : 64;

void* allocate(std::size_t size) {
  void* const block = std::aligned_alloc(prefix, (size + 2 * prefix - 1) / prefix * prefix);
  if (block == nullptr) throw std::bad_alloc();
  ++allocations;
  bytes_held += static_cast<std::int64_t>(size);
  *static_cast<std::size_t*>(block) = size;
  return static_cast<char*>(block) + prefix;
}
void give_back(void* memory) {
  if (memory == nullptr) return;
  void* const block = static_cast<char*>(memory) - prefix;
  bytes_held -= static_cast<std::int64_t>(*static_cast<std::size_t*>(block));
  std::free(block);
}

}  // namespace

void* operator new(std::size_t size) {
  return allocate(size);
}
void* operator new(std::size_t size, std::align_val_t) {
  return allocate(size);
}
void operator delete(void* memory) noexcept {
  give_back(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  give_back(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  give_back(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  give_back(memory);
}

namespace obleth::fairshare {
namespace {

constexpr std::uint32_t slots = 256;
constexpr std::uint32_t waiting_max = 19'000;  // just under the bound of the pool's queue

// Scattered as real ids are, and the same in every run (splitmix64).
std::uint64_t scattered(std::uint64_t number) {
  number += 0x9E3779B97F4A7C15ULL;
  number = (number ^ (number >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  number = (number ^ (number >> 27U)) * 0x94D049BB133111EBULL;
  return number ^ (number >> 31U);
}
template <class Id>
Id id_of(std::uint64_t number) {
  return Id{Bits128{.high = scattered(2 * number), .low = scattered(2 * number + 1)}};
}

// A pool whose slots are all taken, with one request of every tenant waiting (as many as may wait).
class BusyPool {
 public:
  BusyPool(std::uint32_t tenants, std::uint32_t groups)
      : engine_({.capacity = slots, .admission_timeout = std::chrono::hours(24)}), tenants_(tenants), groups_(groups) {
    for (std::uint32_t i = 0; i < slots + std::min(tenants, waiting_max); ++i)
      arrive();
    // Once around, so that everybody is known before anything is measured.
    for (std::uint32_t i = 0; i < tenants; ++i) {
      arrive();
      finish();
    }
  }

  // The tenants in turn. A request is hot when it arrives, so it is made here.
  void arrive() {
    const std::uint32_t tenant = next_++ % tenants_;
    step(Arrive{.waiter = tenant,
                .group = id_of<GroupId>(tenant % groups_),
                .tenant = id_of<TenantId>(tenant),
                .key = id_of<KeyId>(tenant),
                .model = id_of<ModelId>(tenant % 3),
                .prompt_tokens = 300,
                .requested_cap = 200});
  }
  void finish() {
    const Ticket ticket = running_[oldest_];
    running_[oldest_] = running_.back();
    running_.pop_back();
    oldest_ = running_.empty() ? 0 : (oldest_ + 7) % running_.size();
    step(Finish{.ticket = ticket, .usage = TokenUsage{.prompt = {300}, .output = {150}}});
  }
  // Everybody's requests end, and so much time passes that idle tenants are forgotten.
  void fall_silent(std::uint32_t ended_max) {
    for (std::uint32_t i = 0; i < ended_max && !running_.empty(); ++i)
      finish();
  }
  void pass_idle_time() {
    for (int minutes = 0; minutes < 3; ++minutes) {
      now_ = now_ + std::chrono::seconds(61);
      for (std::uint32_t i = 0; i < tenants_; ++i)
        step(Tick{});
    }
  }
  [[nodiscard]] std::size_t tenants_known() const { return engine_.snapshot(now_).tenants_known; }
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
  std::uint32_t tenants_;
  std::uint32_t groups_;
  std::uint32_t next_ = 0;
  std::vector<Ticket> running_;
  std::size_t oldest_ = 0;
};

std::uint32_t groups_for(std::int64_t tenants) {
  return static_cast<std::uint32_t>(tenants < 100 ? 2 : tenants / 100);
}

void Cycle(benchmark::State& state) {
  BusyPool pool(static_cast<std::uint32_t>(state.range(0)), groups_for(state.range(0)));
  const std::int64_t before = allocations;
  for (auto _ : state) {
    pool.arrive();
    pool.finish();
  }
  state.counters["allocations"] = static_cast<double>(allocations - before);
}
BENCHMARK(Cycle)->Arg(10)->Arg(1'000)->Arg(100'000)->Unit(benchmark::kNanosecond);

void ProgressWithinTheEstimate(benchmark::State& state) {
  BusyPool pool(static_cast<std::uint32_t>(state.range(0)), groups_for(state.range(0)));
  std::int64_t told = 0;
  const std::int64_t before = allocations;
  for (auto _ : state)
    pool.progress(++told / slots % 150);
  state.counters["allocations"] = static_cast<double>(allocations - before);
}
BENCHMARK(ProgressWithinTheEstimate)->Arg(10)->Arg(1'000)->Arg(100'000)->Unit(benchmark::kNanosecond);

// All that the engine's heap holds for each of 100,000 tenants with one key and one model each, in 1,000 groups;
// without what it holds for the 19,256 requests that wait and run at most, which is the same for ten tenants.
//   configured: known to the record, but never seen
//   active: everybody has just been served, and as many wait as may
//   idle: everybody's requests have just ended
//   forgotten: the known left, once everybody was idle for a minute (the memory serves whoever comes next)
void TenantBytes(benchmark::State& state) {
  constexpr std::uint32_t tenants = 100'000;
  for (auto _ : state) {
    const std::int64_t nothing = bytes_held;
    const BusyPool few(10, 2);
    const std::int64_t of_requests = bytes_held - nothing;
    const std::int64_t before = bytes_held;
    BusyPool pool(tenants, groups_for(tenants));
    state.counters["active"] = static_cast<double>(bytes_held - before - of_requests) / tenants;
    state.counters["known"] = static_cast<double>(pool.tenants_known());
    pool.fall_silent(tenants);
    state.counters["idle"] = static_cast<double>(bytes_held - before - of_requests) / tenants;
    pool.pass_idle_time();
    state.counters["known_then"] = static_cast<double>(pool.tenants_known());
  }
  state.counters["configured"] = 0;
  state.counters["node"] = sizeof(ShareNode);
  state.counters["lane"] = sizeof(Lane);
}
BENCHMARK(TenantBytes)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace obleth::fairshare
