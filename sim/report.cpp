#include "sim/report.hpp"

#include <algorithm>
#include <cstdio>
#include <string>

namespace obleth::sim {

namespace {

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, value >= 1'000 ? "%.0f" : "%.2f", value);
  return text;
}

std::string bar_of(const Claim& claim) {
  if (claim.at_most < 1e300) return "at most " + number(claim.at_most);
  return "at least " + number(claim.at_least);
}

void print_line(bool passed, const std::string& name, const std::string& rest) {
  std::printf("%-7s %-36s %s\n", passed ? "ok" : "FAILED", name.c_str(), rest.c_str());
}

std::string replay(const Shown& shown, std::uint64_t seed) {
  return "replay with ./dev sim --only " + std::string(shown.scenario->name) + " --seed " + std::to_string(seed);
}

}  // namespace

Count print_claims(const std::vector<Shown>& all, const RunSettings& settings) {
  Count count;
  for (const Shown& shown : all) {
    const std::string name(shown.scenario->name);
    const auto broken = std::ranges::find_if(shown.outcomes, [](const Outcome& one) { return !one.broken.empty(); });
    const bool holds = broken == shown.outcomes.end();
    ++(holds ? count.passed : count.failed);
    const auto seed_of = [&](std::size_t at) { return settings.first_seed + at; };
    const auto at = static_cast<std::size_t>(broken - shown.outcomes.begin());
    print_line(holds, name,
               holds ? "all invariants, at every instant" : broken->broken + ", " + replay(shown, seed_of(at)));
    for (const Claim& claim : shown.scenario->claims) {
      const double value = shown.value(claim);
      const bool kept = keeps(claim, value);
      ++(kept ? count.passed : count.failed);
      std::string rest = std::string(claim.title) + ": " + number(value) + " (" + bar_of(claim) + ")";
      if (!kept) rest += ", " + replay(shown, seed_of(shown.worst(claim)));
      print_line(kept, name + "." + std::string(claim.figure), rest);
    }
  }
  return count;
}

void print_comparison(const std::vector<std::vector<Shown>>& by_rule) {
  std::printf("\n%-48s", "");
  for (const auto& shown : by_rule)
    std::printf(" %19s", std::string(name_of(shown.front().rule)).c_str());
  std::printf("  %s\n", "bar");
  for (const Shown& ours : by_rule.front()) {
    for (const Claim& claim : ours.scenario->claims) {
      if (!claim.compared) continue;
      std::printf("%-48s", std::string(claim.title).c_str());
      for (const auto& shown : by_rule) {
        const auto same = std::ranges::find(shown, ours.scenario, &Shown::scenario);
        const double value = same->value(claim);
        std::printf(" %18s%c", number(value).c_str(), keeps(claim, value) ? ' ' : '!');
      }
      std::printf("  %s\n", bar_of(claim).c_str());
    }
  }
  std::printf("! the bar is not kept\n");
}

}  // namespace obleth::sim
