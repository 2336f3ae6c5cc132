// What the runs showed, for people: every claim with its bar, and the table beside the plain rules.
#pragma once

#include <vector>

#include "sim/runner.hpp"

namespace obleth::sim {

struct Count {
  int passed = 0;
  int failed = 0;
};

// One line per claim, and one per scenario for its invariants. A claim that is not kept names the worst seed.
[[nodiscard]] Count print_claims(const std::vector<Shown>& all, const RunSettings& settings);

// by_rule: the engine first, then each rule it is compared with.
void print_comparison(const std::vector<std::vector<Shown>>& by_rule);

}  // namespace obleth::sim
