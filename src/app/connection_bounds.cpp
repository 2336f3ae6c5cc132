#include "app/connection_bounds.hpp"

#include <algorithm>
#include <string>

namespace obleth::app {
namespace {

// Measured: 23 and 3 for each loop, with the embedded stores. The rest is for segments of the spool and for the shared
// stores' connections.
constexpr std::uint64_t own_descriptors = 64;
constexpr std::uint64_t descriptors_per_thread = 8;
// For connections upstream: those who wait need none, and there are as many slots where nobody sets another number.
constexpr std::uint64_t upstreams_kept = 256;
// The Management API and the metrics page are for operators and scrapers: few connections.
constexpr std::uint64_t operator_listeners = 2;
constexpr std::uint64_t operators_least = 32;
constexpr std::uint64_t descriptors_per_operator = 256;  // of many, one is an operator's
constexpr std::uint64_t operators_most = 1000;
constexpr std::uint64_t clients_least = 16;  // fewer are no service; each may need a connection upstream

Fault too_few(std::uint64_t descriptors, std::uint64_t needed, std::uint32_t threads) {
  return {FaultKind::exhausted,
          FaultSource::us,
          false,
          "the limit of open files is " + std::to_string(descriptors) + ", and " + std::to_string(needed) +
              " are the least for OBLETH_THREADS=" + std::to_string(threads) +
              ": raise the hard limit (ulimit -Hn, LimitNOFILE of systemd)",
          {}};
}

}  // namespace

Result<ConnectionBounds> connection_bounds(std::uint32_t clients_wanted, std::uint32_t threads,
                                           std::uint64_t descriptors) {
  const std::uint64_t own = own_descriptors + descriptors_per_thread * threads;
  const std::uint64_t needed = own + operator_listeners * operators_least + 2 * clients_least;
  if (descriptors < needed) return fail(too_few(descriptors, needed, threads));
  const std::uint64_t free = descriptors - own;
  const std::uint64_t operators_kept = std::clamp(free / descriptors_per_operator, operators_least, operators_most);
  const std::uint64_t shared = free - operator_listeners * operators_kept;
  const std::uint64_t upstreams = std::min(upstreams_kept, shared / 2);
  const std::uint64_t clients = std::min<std::uint64_t>(shared - upstreams, clients_wanted);
  const std::uint64_t for_operators = (free - clients - upstreams) / operator_listeners;
  const std::uint64_t operators = std::clamp(for_operators, operators_kept, operators_most);
  return ConnectionBounds{static_cast<std::uint32_t>(clients), static_cast<std::uint32_t>(operators)};
}

}  // namespace obleth::app
