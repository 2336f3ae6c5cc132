// Something changes under load: a tenant comes, a weight is set.
#include <algorithm>

#include "sim/measure.hpp"
#include "sim/scenario.hpp"
#include "sim/watchtower.hpp"

namespace obleth::sim {

// Four tenants at work; a fifth comes that was idle.
Outcome tell_newcomer(const Telling& telling) {
  World world(settings_of(telling));
  const Watchtower watchtower(world);
  constexpr int comes_s = 300;
  for (std::uint64_t tenant = 1; tenant <= 5; ++tenant) {
    world.add(tenant == 5 ? Load{.tenant = tenant, .from_s = comes_s} : mixed_load(tenant));
  }
  world.run_until(comes_s + 240);
  double least = 1;
  for (std::size_t i = 0; i < 4; ++i)
    least = std::min(least, least_share(world, i, 30, comes_s, comes_s + 240));
  return {
      .samples = {{"converges_s", {converges_after(world, 4, 1.0 / 5, comes_s)}}, {"incumbents_share", {least * 5}}},
      .broken = world.broken()};
}

// Four equal tenants; the first is given four times its weight, and later its old weight again.
Outcome tell_weight_change(const Telling& telling) {
  World world(settings_of(telling));
  const Watchtower watchtower(world);
  constexpr int up_s = 200;
  constexpr int down_s = 400;
  for (std::uint64_t tenant = 1; tenant <= 4; ++tenant)
    world.add(mixed_load(tenant));
  world.run_until(up_s);
  world.set_weight(0, 400);
  world.run_until(down_s);
  Outcome outcome{.samples = {{"up_s", {converges_after(world, 0, 4.0 / 7, up_s)}}}, .broken = {}};
  world.set_weight(0, 100);
  world.run_until(down_s + 200);
  outcome.samples["down_s"] = {converges_after(world, 0, 1.0 / 4, down_s)};
  double least = 1;
  for (std::size_t i = 1; i < 4; ++i) {
    least = std::min(least, 7 * least_share(world, i, 30, up_s, down_s));
    least = std::min(least, 4 * least_share(world, i, 30, down_s, down_s + 200));
  }
  outcome.samples["others_share"] = {least};
  outcome.broken = world.broken();
  return outcome;
}

}  // namespace obleth::sim
