// More is asked for than can be done: light tenants beside floods, and answers cut where the wait is long.
#include <algorithm>
#include <cmath>

#include "sim/measure.hpp"
#include "sim/scenario.hpp"
#include "sim/watchtower.hpp"

namespace obleth::sim {

namespace {

constexpr std::uint64_t light_tenants = 10;

struct Overload {
  std::vector<double> waits;
  std::vector<double> light_waits;
  std::vector<double> prediction_errors;
  std::uint64_t softened_light = 0;
  std::uint64_t softened = 0;
  std::string broken;
};

// Two tenants ask for 1.3 times what the pool can do, and a light one for little.
Overload run_overload(const Telling& telling, BrownoutPolicy policy) {
  World world(settings_of(telling));
  const Watchtower watchtower(world);
  constexpr double overload_per_second = 1.1;  // each
  for (std::uint64_t tenant = 1; tenant <= 2; ++tenant) {
    world.add({.tenant = tenant,
               .brownout = policy,
               .per_second = overload_per_second,
               .from_s = 60,
               .prompt = essay_prompt,
               .output = essay_output});
  }
  const std::size_t light = world.add({.tenant = 3, .brownout = policy, .per_second = 0.2});
  world.run_until(660);
  Overload overload{.broken = world.broken()};
  for (std::size_t i = 0; i < world.tenants().size(); ++i) {
    for (const Wait& wait : world.tenant(i).waits) {
      (i == light ? overload.light_waits : overload.waits).push_back(wait.waited_s);
      if (wait.asked_s > 30 && wait.predicted_s >= 0 && wait.waited_s > 1)
        overload.prediction_errors.push_back(std::abs(wait.predicted_s - wait.waited_s) / wait.waited_s);
    }
    (i == light ? overload.softened_light : overload.softened) += world.tenant(i).softened;
  }
  return overload;
}

}  // namespace

Outcome tell_light_tenants(const Telling& telling) {
  World world(settings_of(telling));
  const Watchtower watchtower(world);
  world.add({.tenant = 1, .clients = 100, .prompt = essay_prompt, .output = essay_output});
  world.add({.tenant = 2, .clients = 100, .prompt = document_prompt, .output = document_output});
  for (std::uint64_t tenant = 3; tenant < 3 + light_tenants; ++tenant)
    world.add({.tenant = tenant, .per_second = 0.1});
  constexpr double from_s = 60;
  const double end_s = from_s + 600 * telling.length;
  world.run_until(end_s);
  Outcome outcome{.samples = {}, .broken = world.broken()};
  std::vector<double>& waits = outcome.samples["light_wait_s"];
  for (std::size_t i = 2; i < world.tenants().size(); ++i) {
    const auto more = waits_between(world, i, from_s, end_s);
    waits.insert(waits.end(), more.begin(), more.end());
  }
  return outcome;
}

Outcome tell_overload(const Telling& telling) {
  const Overload never = run_overload(telling, BrownoutPolicy::never);
  const Overload allowed = run_overload(telling, BrownoutPolicy::allow);
  return {.samples = {{"p99_ratio", {percentile(allowed.waits, 0.99) / percentile(never.waits, 0.99)}},
                      {"p99_never_s", {percentile(never.waits, 0.99)}},
                      {"p99_allowed_s", {percentile(allowed.waits, 0.99)}},
                      {"softened_within_share", {static_cast<double>(allowed.softened_light)}},
                      {"softened", {static_cast<double>(allowed.softened)}},
                      {"light_wait_s", allowed.light_waits},
                      {"prediction_error", never.prediction_errors}},
          .broken = never.broken.empty() ? allowed.broken : never.broken};
}

}  // namespace obleth::sim
