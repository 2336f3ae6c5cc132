// Tells scenarios with many seeds, and gathers what they showed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/scenario.hpp"

namespace obleth::sim {

struct RunSettings {
  std::uint64_t first_seed = 1;
  std::uint64_t runs = 20;
  std::uint64_t slow_runs = 3;  // at most, of scenarios that are slow
  double length = 1;
  std::string only;  // a scenario's name; empty: all
};

// What a scenario showed under one rule, seed by seed.
struct Shown {
  const Scenario* scenario = nullptr;
  Rule rule = Rule::fairshare;
  std::vector<Outcome> outcomes;  // by seed, from the first

  [[nodiscard]] double value(const Claim& claim) const;
  // The place of the outcome that speaks most against the claim.
  [[nodiscard]] std::size_t worst(const Claim& claim) const;
};

[[nodiscard]] inline bool keeps(const Claim& claim, double value) {
  return value >= claim.at_least && value <= claim.at_most;
}

// Every run is one thread by itself and depends on its seed alone; as many run at once as there are cores.
[[nodiscard]] std::vector<Shown> tell_all(Rule rule, const RunSettings& settings);

}  // namespace obleth::sim
