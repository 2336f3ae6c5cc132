// A scenario: one story told to a scheduler, and what it shows in figures.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sim/scheduler.hpp"
#include "sim/world.hpp"

namespace obleth::sim {

struct Telling {
  Rule rule = Rule::fairshare;
  std::uint64_t seed = 1;
  double length = 1;  // of the stretches that only make figures steadier; less in the quick form
};

// What one telling showed: samples by figure, and the first broken promise.
struct Outcome {
  std::map<std::string_view, std::vector<double>> samples;
  std::string broken;
};

// How the samples of all seeds become one figure.
enum class Over : std::uint8_t { greatest, least, mean, p5, median, p99 };

// A claim is a test: a named figure of a scenario and the bar it has to keep.
struct Claim {
  std::string_view figure;
  std::string_view title;  // for the table
  Over over = Over::greatest;
  double at_least = -1e300;
  double at_most = 1e300;
  bool compared = false;  // in the table beside the plain rules
};

struct Scenario {
  std::string_view name;
  Outcome (*tell)(const Telling&);
  std::vector<Claim> claims;
  bool slow = false;  // fewer seeds will do
};

[[nodiscard]] double value_of(Over over, const std::vector<double>& samples);
[[nodiscard]] const std::vector<Scenario>& scenarios();

[[nodiscard]] inline WorldSettings settings_of(const Telling& telling) {
  return {.rule = telling.rule, .seed = telling.seed};
}

// ---- scenarios/: steady.cpp, change.cpp, floods.cpp, gaming.cpp, sharing.cpp, faults.cpp
[[nodiscard]] Outcome tell_steady(const Telling& telling);
[[nodiscard]] Outcome tell_churn(const Telling& telling);
[[nodiscard]] Outcome tell_newcomer(const Telling& telling);
[[nodiscard]] Outcome tell_weight_change(const Telling& telling);
[[nodiscard]] Outcome tell_light_tenants(const Telling& telling);
[[nodiscard]] Outcome tell_overload(const Telling& telling);
[[nodiscard]] Outcome tell_groups(const Telling& telling);
[[nodiscard]] Outcome tell_models(const Telling& telling);
[[nodiscard]] Outcome tell_faults(const Telling& telling);
[[nodiscard]] Outcome tell_idle_then_burst(const Telling& telling);
[[nodiscard]] Outcome tell_generous_declaration(const Telling& telling);
[[nodiscard]] Outcome tell_inflate_then_refund(const Telling& telling);
[[nodiscard]] Outcome tell_tiny_hint(const Telling& telling);
[[nodiscard]] Outcome tell_sixteen_keys(const Telling& telling);
[[nodiscard]] Outcome tell_early_cancel(const Telling& telling);
[[nodiscard]] Outcome tell_alternating(const Telling& telling);
[[nodiscard]] Outcome tell_heavy_tail(const Telling& telling);
[[nodiscard]] Outcome tell_late_prompts(const Telling& telling);
[[nodiscard]] Outcome tell_slow_reader(const Telling& telling);

}  // namespace obleth::sim
