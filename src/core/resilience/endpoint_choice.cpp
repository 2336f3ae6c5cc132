#include "core/resilience/endpoint_choice.hpp"

#include <tuple>

namespace obleth::resilience {
namespace {

// Smaller is better.
auto rank(const EndpointCandidate& candidate) {
  const Duration let_back = candidate.admits ? Duration{0} : candidate.ejected_until.since_start();
  return std::tuple(!candidate.admits, candidate.tries, let_back, candidate.priority, candidate.in_flight);
}

}  // namespace

std::optional<std::size_t> choose_endpoint(std::span<const EndpointCandidate> candidates) {
  std::optional<std::size_t> best;
  for (std::size_t at = 0; at < candidates.size(); ++at) {
    if (!candidates[at].enabled) continue;
    if (!best || rank(candidates[at]) < rank(candidates[*best])) best = at;
  }
  return best;
}

}  // namespace obleth::resilience
