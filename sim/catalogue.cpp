// All scenarios and the bars that their figures keep.
#include <algorithm>
#include <iterator>
#include <numeric>

#include "sim/measure.hpp"
#include "sim/scenario.hpp"

namespace obleth::sim {

double value_of(Over over, const std::vector<double>& samples) {
  if (samples.empty()) return 0;
  switch (over) {
    case Over::greatest:
      return std::ranges::max(samples);
    case Over::least:
      return std::ranges::min(samples);
    case Over::mean:
      return std::accumulate(samples.begin(), samples.end(), 0.0) / static_cast<double>(samples.size());
    case Over::p5:
      return percentile(samples, 0.05);
    case Over::median:
      return percentile(samples, 0.5);
    case Over::p99:
      return percentile(samples, 0.99);
  }
  return 0;
}

namespace {

std::vector<Scenario> about_sharing() {
  return {
      {"steady",
       tell_steady,
       {{.figure = "gap", .title = "apart by at most (largest requests)", .at_most = 2, .compared = true},
        {.figure = "jain",
         .title = "evenness of 30 s, 5th percentile",
         .over = Over::p5,
         .at_least = 0.88,
         .compared = true},
        {.figure = "prediction_error",
         .title = "wait told at arrival, median error",
         .over = Over::median,
         .at_most = 0.2}}},
      {"churn",
       tell_churn,
       {{.figure = "gap", .title = "40 tenants come and go: apart by at most", .at_most = 2, .compared = true},
        {.figure = "prediction_error",
         .title = "wait told at arrival, median error",
         .over = Over::median,
         .at_most = 0.2}}},
      {"newcomer",
       tell_newcomer,
       {{.figure = "converges_s", .title = "newcomer has its share after (s)", .at_most = 15, .compared = true},
        {.figure = "incumbents_share",
         .title = "incumbents keep, of their share",
         .over = Over::least,
         .at_least = 0.5,
         .compared = true}}},
      {"weight_change",
       tell_weight_change,
       {{.figure = "up_s", .title = "weight 1 to 4 is reached after (s)", .at_most = 25, .compared = true},
        {.figure = "down_s", .title = "weight 4 to 1 is reached after (s)", .at_most = 25, .compared = true},
        {.figure = "others_share",
         .title = "the others keep, of their share",
         .over = Over::least,
         .at_least = 0.4,
         .compared = true}}},
      {"light_tenants",
       tell_light_tenants,
       {{.figure = "light_wait_s",
         .title = "light tenants beside two floods, p99 wait (s)",
         .over = Over::p99,
         .at_most = 4,
         .compared = true}}},
      {"overload",
       tell_overload,
       {{.figure = "p99_ratio", .title = "1.3 x overload: p99 wait with brownout / never", .at_most = 0.5},
        {.figure = "softened_within_share", .title = "answers cut within the share", .at_most = 0},
        {.figure = "prediction_error",
         .title = "wait told at arrival, median error",
         .over = Over::median,
         .at_most = 0.2}}},
      {"groups",
       tell_groups,
       {{.figure = "off_points", .title = "groups 3:1:2 are off by (points)", .at_most = 1, .compared = true}}},
      {"models",
       tell_models,
       {{.figure = "share_of_large", .title = "waits for a small model, share of a large one", .at_most = 0.3},
        {.figure = "others_share",
         .title = "those who wait for the large one keep",
         .over = Over::least,
         .at_least = 0.5}}},
      {"faults",
       tell_faults,
       {{.figure = "converges_s", .title = "shares are back after an outage (s)", .at_most = 25}}},
  };
}

std::vector<Scenario> about_gaming() {
  return {
      {"idle_then_burst",
       tell_idle_then_burst,
       {{.figure = "gain", .title = "idle 4 min, then a burst: gain", .at_most = 1.1, .compared = true}}},
      {"generous_declaration",
       tell_generous_declaration,
       {{.figure = "gain",
         .title = "honest with max_tokens=100000: keeps",
         .over = Over::least,
         .at_least = 0.95,
         .compared = true}}},
      {"inflate_then_refund",
       tell_inflate_then_refund,
       {{.figure = "gain", .title = "inflate, then refund: gain", .at_most = 1.1, .compared = true}}},
      {"tiny_hint",
       tell_tiny_hint,
       {{.figure = "gain", .title = "tiny hint, long answers: gain", .at_most = 1.05, .compared = true}}},
      {"sixteen_keys",
       tell_sixteen_keys,
       {{.figure = "gain", .title = "16 keys: gain", .at_most = 1.05, .compared = true}}},
      {"early_cancel",
       tell_early_cancel,
       {{.figure = "gain", .title = "hang up at the first token: gain", .at_most = 1.1, .compared = true}}},
      {"alternating",
       tell_alternating,
       {{.figure = "gain", .title = "short and long by turns: gain", .at_most = 1.1, .compared = true},
        {.figure = "worst_minute",
         .title = "short and long by turns: best minute, mean",
         .over = Over::mean,
         .at_most = 2}}},
      {"heavy_tail",
       tell_heavy_tail,
       {{.figure = "gain",
         .title = "long answers that nobody expects: gain",
         .over = Over::mean,
         .at_least = 0.98,
         .at_most = 1.02,
         .compared = true}}},
      {"late_prompts",
       tell_late_prompts,
       {{.figure = "gain",
         .title = "prompts longer than they look: gain",
         .over = Over::mean,
         .at_least = 0.98,
         .at_most = 1.02,
         .compared = true}}},
      {"slow_reader",
       tell_slow_reader,
       {{.figure = "slots_held", .title = "slow reader holds, of its fair slots", .at_most = 2, .compared = true}}},
  };
}

template <auto Tell>
Outcome through_stages(const Telling& telling) {
  constexpr double length = 0.4;  // of the stretches that only make figures steadier
  return Tell({.rule = Rule::stages, .seed = telling.seed, .length = telling.length * length});
}

// The same stories with every request going through the production stages of the request path.
std::vector<Scenario> about_stages() {
  return {
      {"stages_steady",
       through_stages<tell_steady>,
       {{.figure = "gap", .title = "apart by at most (largest requests)", .at_most = 2},
        {.figure = "jain", .title = "evenness of 30 s, 5th percentile", .over = Over::p5, .at_least = 0.88}},
       true},
      {"stages_weight_change",
       through_stages<tell_weight_change>,
       {{.figure = "up_s", .title = "weight 1 to 4 is reached after (s)", .at_most = 25},
        {.figure = "down_s", .title = "weight 4 to 1 is reached after (s)", .at_most = 25}},
       true},
      {"stages_overload",
       through_stages<tell_overload>,
       {{.figure = "p99_ratio", .title = "1.3 x overload: p99 wait with brownout / never", .at_most = 0.5},
        {.figure = "softened_within_share", .title = "answers cut within the share", .at_most = 0}},
       true},
      {"stages_faults",
       through_stages<tell_faults>,
       {{.figure = "converges_s", .title = "shares are back after an outage (s)", .at_most = 25}},
       true},
  };
}

}  // namespace

const std::vector<Scenario>& scenarios() {
  static const std::vector<Scenario> all = [] {
    std::vector<Scenario> scenarios = about_sharing();
    std::ranges::move(about_gaming(), std::back_inserter(scenarios));
    std::ranges::move(about_stages(), std::back_inserter(scenarios));
    return scenarios;
  }();
  return all;
}

}  // namespace obleth::sim
