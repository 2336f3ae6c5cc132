// The simulator: the production engine under simulated time, and what that shows.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "sim/pictures.hpp"
#include "sim/report.hpp"
#include "sim/runner.hpp"

namespace {

using namespace obleth::sim;

constexpr std::uint64_t compared_runs_max = 5;  // for the plain rules, whose figures need not be as sure
constexpr std::uint64_t quick_runs = 2;
constexpr double quick_length = 0.7;

struct Flags {
  RunSettings settings;
  bool quick = false;
  bool table = true;
  std::string pictures;
};

CLI::Option* declare(CLI::App& app, Flags& flags) {
  auto* seed = app.add_option("--seed", flags.settings.first_seed, "the first seed; alone: this one only");
  auto* runs = app.add_option("--runs", flags.settings.runs, "seeds, each a run of every scenario (20)");
  app.add_option("--only", flags.settings.only, "one scenario");
  app.add_flag("--quick", flags.quick, "two shorter runs of each, and no table");
  app.add_option("--pictures", flags.pictures, "write the pictures of the documentation to this folder, nothing else");
  static_cast<void>(seed);
  return runs;
}

}  // namespace

int main(int count, char** arguments) {
  CLI::App app("The fairshare engine under simulated time.", "sim");
  Flags flags;
  CLI::Option* const runs = declare(app, flags);
  CLI11_PARSE(app, count, arguments);
  if (!flags.pictures.empty()) return draw_pictures(flags.pictures) ? 0 : 1;
  if (runs->count() == 0 && app.count("--seed") > 0) flags.settings.runs = 1;
  if (flags.quick) {
    flags.settings.length = quick_length;
    flags.settings.slow_runs = 1;
    if (runs->count() == 0) flags.settings.runs = quick_runs;
  }
  std::vector<std::vector<Shown>> by_rule{tell_all(Rule::fairshare, flags.settings)};
  if (by_rule.front().empty()) {
    std::fprintf(stderr, "there is no scenario '%s'\n", flags.settings.only.c_str());
    return 2;
  }
  const Count claims = print_claims(by_rule.front(), flags.settings);
  if (!flags.quick && flags.settings.only.empty()) {
    RunSettings settings = flags.settings;
    settings.runs = std::min(settings.runs, compared_runs_max);
    for (const Rule rule : {Rule::first_come, Rule::round_robin, Rule::least_served})
      by_rule.push_back(tell_all(rule, settings));
    print_comparison(by_rule);
  }
  std::printf("%d passed, %d failed, 0 skipped\n", claims.passed, claims.failed);
  return claims.failed == 0 ? 0 : 1;
}
