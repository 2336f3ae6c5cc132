#include "adapters/os/thread_turns.hpp"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

namespace obleth::adapters {
namespace {

constexpr int niceness = 5;  // a third of the weight of a thread that is not nice
constexpr int niceness_max = 19;
constexpr std::uint64_t short_turn_ns = 100'000;
constexpr std::uint64_t long_turn_ns = 3'000'000;

// As the kernel has it; the C library of today has none.
struct SchedulingAttributes {
  std::uint32_t size = sizeof(SchedulingAttributes);
  std::uint32_t policy = SCHED_OTHER;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime_ns = 0;
  std::uint64_t deadline_ns = 0;
  std::uint64_t period_ns = 0;
};

bool set(const SchedulingAttributes& attributes) {
  return ::syscall(SYS_sched_setattr, 0, &attributes, 0U) == 0;
}

}  // namespace

void take_short_turns() {
  static_cast<void>(set({.nice = ::getpriority(PRIO_PROCESS, 0), .runtime_ns = short_turn_ns}));
}

void stand_back() {
  const int nicer = std::min(::getpriority(PRIO_PROCESS, 0) + niceness, niceness_max);
  if (set({.policy = SCHED_BATCH, .nice = nicer, .runtime_ns = long_turn_ns})) return;
  [[maybe_unused]] const int result = ::setpriority(PRIO_PROCESS, 0, nicer);
}

}  // namespace obleth::adapters
