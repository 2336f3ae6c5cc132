// Groups above tenants, models beside each other, and servers that fail.
#include <algorithm>
#include <array>
#include <cmath>

#include "sim/measure.hpp"
#include "sim/scenario.hpp"
#include "sim/watchtower.hpp"

namespace obleth::sim {

// Groups of weight 3, 1 and 2, with 1, 6 and 2 tenants.
Outcome tell_groups(const Telling& telling) {
  World world(settings_of(telling));
  const Watchtower watchtower(world);
  constexpr std::array<std::uint32_t, 3> weights{300, 100, 200};
  constexpr std::array<std::uint64_t, 3> sizes{1, 6, 2};
  std::vector<std::size_t> group_of;
  std::uint64_t tenant = 0;
  for (std::size_t group = 0; group < weights.size(); ++group) {
    for (std::uint64_t i = 0; i < sizes[group]; ++i) {
      world.add({.tenant = ++tenant, .group = group + 1, .group_weight = weights[group], .clients = 100});
      group_of.push_back(group);
    }
  }
  constexpr int from_s = 60;
  const int end_s = from_s + static_cast<int>(1'140 * telling.length);
  world.run_until(end_s);
  std::array<double, 3> shares{};
  for (std::size_t i = 0; i < group_of.size(); ++i)
    shares[group_of[i]] += share_between(world, i, from_s, end_s);
  double off = 0;
  for (std::size_t group = 0; group < weights.size(); ++group)
    off = std::max(off, 100 * std::abs(shares[group] - weights[group] / 600.0));
  return {.samples = {{"off_points", {off}}, {"first_percent", {100 * shares[0]}}}, .broken = world.broken()};
}

// A small model of 8 slots beside a large one: three tenants ask for each, and one first for the small one alone and
// later for both. Its wait for the small one is no claim on the other.
Outcome tell_models(const Telling& telling) {
  World world(settings_of(telling));
  const Watchtower watchtower(world);
  constexpr std::uint64_t small = 1;
  constexpr std::uint64_t large = 2;
  constexpr int both_s = 300;
  world.add_model(small, 8);
  world.add_model(large, std::nullopt);
  for (std::uint64_t tenant = 1; tenant <= 6; ++tenant)
    world.add({.tenant = tenant, .models = {tenant <= 3 ? small : large}});
  world.add({.tenant = 7, .models = {small}});
  // The same tenant, as further clients of its own.
  const std::size_t of_large = world.add({.tenant = 7, .models = {large}, .from_s = both_s});
  world.run_until(both_s + 300);
  const auto share_of_large = [&](std::size_t who, int from_s, int to_s) {
    double all = 0;
    for (const std::size_t i : {std::size_t{3}, std::size_t{4}, std::size_t{5}, of_large})
      all += work_between(world, i, from_s, to_s);
    return work_between(world, who, from_s, to_s) / all;
  };
  double least = 1;
  for (std::size_t i = 3; i <= 5; ++i) {
    for (int at = both_s; at + 30 <= both_s + 300; ++at)
      least = std::min(least, 4 * share_of_large(i, at, at + 30));
  }
  return {.samples = {{"share_of_large", {share_of_large(of_large, both_s, both_s + 60)}}, {"others_share", {least}}},
          .broken = world.broken()};
}

// A model goes down and comes back, answers break off and clients leave: nothing is lost, no slot idles, and the
// tenants of the model take up their shares again.
Outcome tell_faults(const Telling& telling) {
  World world(settings_of(telling));
  const Watchtower watchtower(world);
  world.add_model(1, std::nullopt);
  world.add_model(2, std::nullopt);
  for (std::uint64_t tenant = 1; tenant <= 6; ++tenant) {
    world.add({.tenant = tenant, .models = {1 + tenant % 2}, .leaves_share = 0.2, .patience_s = 60});
  }
  constexpr int down_s = 120;
  constexpr int up_s = 180;
  world.run_until(down_s);
  world.set_up(1, false);
  world.run_until(up_s);
  world.set_up(1, true);
  world.run_until(up_s + 60);
  world.set_capacity(16);
  world.run_until(up_s + 90);
  world.set_capacity(64);
  world.run_until(up_s + 240);
  double slowest = 0;
  for (std::size_t i = 0; i < 6; ++i)
    slowest = std::max(slowest, converges_after(world, i, 1.0 / 6, up_s));
  return {.samples = {{"converges_s", {slowest}}}, .broken = world.broken()};
}

}  // namespace obleth::sim
