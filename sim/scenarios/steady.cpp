// Everybody has work all the time, or comes and goes: how evenly is it shared?
#include <algorithm>
#include <cmath>

#include "sim/measure.hpp"
#include "sim/scenario.hpp"
#include "sim/watchtower.hpp"

namespace obleth::sim {

namespace {

std::vector<double> jains(const World& world, int from_s, int window_s) {
  std::vector<double> jains;
  const int end_s = static_cast<int>(world.tenant(0).history.size());
  for (int at = from_s; at + window_s <= end_s; at += window_s) {
    std::vector<double> services;
    for (std::size_t i = 0; i < world.tenants().size(); ++i)
      services.push_back(work_between(world, i, at, at + window_s) / world.tenant(i).load.weight);
    jains.push_back(jain(services));
  }
  return jains;
}

// How wrong the waits were that were told at arrival, as a part of the real ones; of waits over a second.
std::vector<double> prediction_errors(const World& world) {
  std::vector<double> errors;
  for (const Tenant& tenant : world.tenants()) {
    for (const Wait& wait : tenant.waits) {
      if (wait.asked_s > 30 && wait.predicted_s >= 0 && wait.waited_s > 1)
        errors.push_back(std::abs(wait.predicted_s - wait.waited_s) / wait.waited_s);
    }
  }
  return errors;
}

}  // namespace

// Eight tenants of unlike weights and unlike requests, for half an hour.
Outcome tell_steady(const Telling& telling) {
  World world(settings_of(telling));
  const Watchtower watchtower(world);
  HardBound bound;
  const bool promised = telling.rule == Rule::fairshare || telling.rule == Rule::stages;
  std::uint64_t tenant = 0;
  for (const std::uint32_t weight : {100U, 100U, 100U, 100U, 200U, 200U, 400U, 400U})
    world.add(mixed_load(++tenant, weight));
  constexpr int settles_s = 120;
  world.run_until(settles_s);
  world.watch([&] {
    const auto broken = bound(world);
    if (promised && !broken.empty()) world.report_broken(broken);
  });
  world.run_until(settles_s + 1'680 * telling.length);
  return {.samples = {{"gap", {bound.gap() / world.largest_request()}},
                      {"jain", jains(world, settles_s, 30)},
                      {"prediction_error", prediction_errors(world)}},
          .broken = world.broken()};
}

// Forty tenants of random weights that come, go and hang up.
Outcome tell_churn(const Telling& telling) {
  World world(settings_of(telling));
  const Watchtower watchtower(world);
  HardBound bound;
  std::mt19937_64 random(telling.seed);
  for (std::uint64_t tenant = 1; tenant <= 40; ++tenant) {
    Load load = mixed_load(tenant, static_cast<std::uint32_t>(100 * (1 + random() % 8)));
    load.clients = 20;
    load.busy_s = 120;
    load.silent_s = 120;
    load.leaves_share = 0.1;
    world.add(load);
  }
  world.watch([&, steps = 0]() mutable {
    if (++steps % 10 == 0) static_cast<void>(bound(world));
  });
  world.run_until(900 * telling.length);
  return {.samples = {{"gap", {bound.gap() / world.largest_request()}}, {"prediction_error", prediction_errors(world)}},
          .broken = world.broken()};
}

}  // namespace obleth::sim
