#include "app/connection_bounds.hpp"

#include <algorithm>

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

std::uint64_t left_of(std::uint64_t whole, std::uint64_t taken) {
  return whole - std::min(whole, taken);
}

}  // namespace

ConnectionBounds connection_bounds(std::uint32_t clients_wanted, std::uint32_t threads, std::uint64_t descriptors) {
  const std::uint64_t free = left_of(descriptors, own_descriptors + descriptors_per_thread * threads);
  const std::uint64_t operators_kept = std::clamp(free / descriptors_per_operator, operators_least, operators_most);
  const std::uint64_t shared = left_of(free, operator_listeners * operators_kept);
  const std::uint64_t upstreams = std::min(upstreams_kept, shared / 2);
  const std::uint64_t clients = std::clamp<std::uint64_t>(shared - upstreams, 1, clients_wanted);
  const std::uint64_t for_operators = left_of(free, clients + upstreams) / operator_listeners;
  const std::uint64_t operators = std::clamp(for_operators, operators_kept, operators_most);
  return {static_cast<std::uint32_t>(clients), static_cast<std::uint32_t>(operators)};
}

}  // namespace obleth::app
