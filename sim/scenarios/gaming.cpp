// The gaming suite: four tenants of equal weight, of which the first tries something.
#include <algorithm>

#include "sim/measure.hpp"
#include "sim/scenario.hpp"
#include "sim/watchtower.hpp"

namespace obleth::sim {

namespace {

Load honest(std::uint64_t tenant) {
  return {.tenant = tenant};
}

// Four tenants, the first as told, for some time; samples "gain" of the first from the given second on.
Outcome tell_four(const Telling& telling, const Load& first, int from_s, int to_s, Load other = {}) {
  World world(settings_of(telling));
  const Watchtower watchtower(world);
  HardBound bound;
  world.add(first);
  for (other.tenant = 2; other.tenant <= 4; ++other.tenant)
    world.add(other);
  world.watch([&] {
    const auto broken = bound(world);
    if (telling.rule == Rule::fairshare && !broken.empty()) world.report_broken(broken);
  });
  const int end_s = from_s + static_cast<int>((to_s - from_s) * telling.length);
  world.run_until(end_s);
  return {.samples = {{"gain", {gain_between(world, 0, from_s, end_s)}}}, .broken = world.broken()};
}

}  // namespace

// Away for four minutes, back for one.
Outcome tell_idle_then_burst(const Telling& telling) {
  World world(settings_of(telling));
  const Watchtower watchtower(world);
  Load late = honest(1);
  late.from_s = 240;
  world.add(late);
  for (std::uint64_t tenant = 2; tenant <= 4; ++tenant)
    world.add(honest(tenant));
  world.run_until(300);
  return {.samples = {{"gain", {gain_between(world, 0, 240, 300)}}}, .broken = world.broken()};
}

// Honest, but declares max_tokens = 100000 and stops early.
Outcome tell_generous_declaration(const Telling& telling) {
  Load generous = honest(1);
  generous.declared = 100'000;
  return tell_four(telling, generous, 60, 660);
}

// Alone with 80 clients that declare 100000 and stop early, so that much is reserved and little used; then three come.
Outcome tell_inflate_then_refund(const Telling& telling) {
  World world(settings_of(telling));
  const Watchtower watchtower(world);
  Load inflating = honest(1);
  inflating.clients = 80;
  inflating.declared = 100'000;
  world.add(inflating);
  for (std::uint64_t tenant = 2; tenant <= 4; ++tenant) {
    Load late = honest(tenant);
    late.from_s = 120;
    world.add(late);
  }
  world.run_until(180);
  return {.samples = {{"gain", {gain_between(world, 0, 120, 180)}}}, .broken = world.broken()};
}

// Says 16 tokens and gets long answers: the server does not keep to it.
Outcome tell_tiny_hint(const Telling& telling) {
  Load tiny = honest(1);
  tiny.declared = 16;
  tiny.output = essay_output;
  return tell_four(telling, tiny, 120, 1'320);
}

Outcome tell_sixteen_keys(const Telling& telling) {
  Load split = honest(1);
  split.keys = 16;
  return tell_four(telling, split, 60, 660);
}

// Hangs up at the first token, every time.
Outcome tell_early_cancel(const Telling& telling) {
  Load fickle = honest(1);
  fickle.leaves_after_tokens = 1;
  return tell_four(telling, fickle, 60, 660);
}

// A minute of tiny answers, then a minute of the longest ones, so that the learned output is always wrong.
Outcome tell_alternating(const Telling& telling) {
  World world(settings_of(telling));
  const Watchtower watchtower(world);
  Load fooling = honest(1);
  fooling.output = {.median = 8, .sigma = 0.01, .max = 4'096};
  fooling.other_output = Spread{.median = 4'096, .sigma = 0.01, .max = 4'096};
  world.add(fooling);
  for (std::uint64_t tenant = 2; tenant <= 4; ++tenant)
    world.add(honest(tenant));
  const int end_s = 120 + 120 * std::max(1, static_cast<int>(10 * telling.length));
  world.run_until(end_s);
  double worst = 0;
  for (int at = 60; at + 60 <= end_s; at += 10)
    worst = std::max(worst, gain_between(world, 0, at, at + 60));
  return {.samples = {{"gain", {gain_between(world, 0, 120, end_s)}}, {"worst_minute", {worst}}},
          .broken = world.broken()};
}

// One answer in ten is as long as can be, the others are tiny, and nothing tells which; nobody else asks for much.
Outcome tell_heavy_tail(const Telling& telling) {
  Load modest = honest(2);
  modest.prompt = {.median = 100, .sigma = 0.5, .max = 400};
  Load surprising = modest;
  surprising.tenant = 1;
  surprising.streams = false;
  surprising.output = {.median = 5, .sigma = 0.01, .max = 1'000};
  surprising.rare_output = Spread{.median = 1'000, .sigma = 0.01, .max = 1'000};
  return tell_four(telling, surprising, 60, 1'260, modest);
}

// Prompts that are taken for 8 tokens until their end, when usage tells that they were thousands.
Outcome tell_late_prompts(const Telling& telling) {
  Load late = honest(1);
  late.prompt = document_prompt;
  late.told_prompt = 8;
  return tell_four(telling, late, 60, 1'260);
}

// Reads two tokens a second and so holds its slots long after the work is done.
Outcome tell_slow_reader(const Telling& telling) {
  World world(settings_of(telling));
  const Watchtower watchtower(world);
  Load slow = honest(1);
  slow.output = {.median = 100, .sigma = 0.5, .max = 400};
  slow.reads_per_second = 2;
  world.add(slow);
  for (std::uint64_t tenant = 2; tenant <= 4; ++tenant)
    world.add(honest(tenant));
  constexpr double from_s = 300;
  const double end_s = from_s + 900 * telling.length;
  world.run_until(from_s);
  const double before = world.tenant(0).slot_seconds;
  world.run_until(end_s);
  const double held = (world.tenant(0).slot_seconds - before) / (end_s - from_s);
  return {.samples = {{"slots_held", {held / (world.settings().slots / 4.0)}}}, .broken = world.broken()};
}

}  // namespace obleth::sim
