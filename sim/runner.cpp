#include "sim/runner.hpp"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

namespace obleth::sim {

double Shown::value(const Claim& claim) const {
  std::vector<double> all;
  for (const Outcome& outcome : outcomes) {
    const auto found = outcome.samples.find(claim.figure);
    if (found != outcome.samples.end()) all.insert(all.end(), found->second.begin(), found->second.end());
  }
  return value_of(claim.over, all);
}

std::size_t Shown::worst(const Claim& claim) const {
  const bool high_is_bad = claim.at_most < 1e300;
  std::size_t worst = 0;
  double worst_value = 0;
  for (std::size_t at = 0; at < outcomes.size(); ++at) {
    const auto found = outcomes[at].samples.find(claim.figure);
    const double value = found == outcomes[at].samples.end() ? 0 : value_of(claim.over, found->second);
    if (at == 0 || (high_is_bad ? value > worst_value : value < worst_value)) {
      worst = at;
      worst_value = value;
    }
  }
  return worst;
}

std::vector<Shown> tell_all(Rule rule, const RunSettings& settings) {
  std::vector<Shown> all;
  for (const Scenario& scenario : scenarios()) {
    const bool for_this_rule = rule == Rule::fairshare || std::ranges::any_of(scenario.claims, &Claim::compared);
    const bool wanted = settings.only.empty() ? for_this_rule : scenario.name == settings.only;
    const std::uint64_t runs = scenario.slow ? std::min(settings.runs, settings.slow_runs) : settings.runs;
    if (wanted) all.push_back({.scenario = &scenario, .rule = rule, .outcomes = std::vector<Outcome>(runs)});
  }
  // The slow ones first, so that no core is left alone with one at the end.
  std::vector<std::pair<Shown*, std::uint64_t>> jobs;
  for (const bool slow : {true, false}) {
    for (Shown& shown : all) {
      for (std::uint64_t run = 0; shown.scenario->slow == slow && run < shown.outcomes.size(); ++run)
        jobs.emplace_back(&shown, run);
    }
  }
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t job = next++; job < jobs.size(); job = next++) {
      const auto& [shown, run] = jobs[job];
      shown->outcomes[run] =
          shown->scenario->tell({.rule = rule, .seed = settings.first_seed + run, .length = settings.length});
    }
  };
  std::vector<std::jthread> others;
  for (unsigned i = 1; i < std::thread::hardware_concurrency(); ++i)
    others.emplace_back(work);
  work();
  others.clear();
  return all;
}

}  // namespace obleth::sim
