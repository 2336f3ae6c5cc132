#include "sim/pictures.hpp"

#include <algorithm>
#include <fstream>

#include "sim/chart.hpp"
#include "sim/measure.hpp"
#include "sim/world.hpp"

namespace obleth::sim {

namespace {

constexpr int window_s = 10;

Series shares_of(const World& world, std::size_t tenant, const std::string& name) {
  Series series{.name = name, .points = {}};
  const int end_s = static_cast<int>(world.tenant(0).history.size());
  for (int at = 0; at + window_s <= end_s; at += 2)
    series.points.emplace_back(at + window_s, 100 * share_between(world, tenant, at, at + window_s));
  return series;
}

// What a tenant is entitled to, from one moment to the next.
Series entitled(const std::vector<std::pair<double, double>>& points) {
  return {.name = {}, .points = points, .dashed = true};
}

Chart shares_chart(const std::string& title) {
  return {.title = title,
          .x_title = "seconds",
          .y_title = "% of the work of 10 s",
          .y_max = 100,
          .series = {},
          .marks = {}};
}

Chart converging() {
  World world({.seed = 1});
  Chart chart = shares_chart("Four tenants with weights 100, 100, 200 and 400 begin at once");
  std::uint64_t tenant = 0;
  for (const std::uint32_t weight : {100U, 100U, 200U, 400U})
    world.add({.tenant = ++tenant, .weight = weight, .clients = 100});
  constexpr int end_s = 120;
  world.run_until(end_s);
  for (std::size_t i = 0; i < 4; ++i) {
    const double weight = world.tenant(i).load.weight;
    chart.series.push_back(shares_of(world, i, "weight " + std::to_string(world.tenant(i).load.weight)));
    chart.series.push_back(entitled({{window_s, weight / 8}, {end_s, weight / 8}}));
  }
  chart.y_max = 80;
  return chart;
}

Chart weight_change() {
  World world({.seed = 1});
  Chart chart = shares_chart("A weight goes from 100 to 400 and back, requests that wait included");
  for (std::uint64_t tenant = 1; tenant <= 4; ++tenant)
    world.add({.tenant = tenant});
  world.run_until(100);
  world.set_weight(0, 400);
  world.run_until(200);
  world.set_weight(0, 100);
  world.run_until(300);
  chart.marks = {{100, "weight 400"}, {200, "weight 100"}};
  chart.series.push_back(shares_of(world, 0, "changed tenant"));
  chart.series.push_back(
      entitled({{window_s, 25}, {100, 25}, {100, 400 / 7.0}, {200, 400 / 7.0}, {200, 25}, {300, 25}}));
  for (std::size_t i = 1; i < 4; ++i)
    chart.series.push_back(shares_of(world, i, "weight 100"));
  chart.y_max = 80;
  return chart;
}

Chart newcomer() {
  World world({.seed = 1});
  Chart chart = shares_chart("A tenant that was idle comes to four that are at work");
  for (std::uint64_t tenant = 1; tenant <= 4; ++tenant)
    world.add({.tenant = tenant});
  world.add({.tenant = 5, .from_s = 120});
  world.run_until(300);
  chart.marks = {{120, "it comes"}};
  chart.series.push_back(shares_of(world, 4, "newcomer"));
  chart.series.push_back(entitled({{window_s, 0}, {120, 0}, {120, 20}, {300, 20}}));
  for (std::size_t i = 0; i < 4; ++i)
    chart.series.push_back(shares_of(world, i, "at work"));
  chart.y_max = 60;
  return chart;
}

// The longest wait but one in a hundred, of the requests that were asked in the same half minute.
Series waits_of(const World& world, const std::vector<std::size_t>& tenants, const std::string& name) {
  Series series{.name = name, .points = {}};
  constexpr int stretch_s = 30;
  const int end_s = 500;  // what was asked later may still wait at the end
  for (int at = 0; at + stretch_s <= end_s; at += 10) {
    std::vector<double> waits;
    for (const std::size_t tenant : tenants) {
      const auto more = waits_between(world, tenant, at, at + stretch_s);
      waits.insert(waits.end(), more.begin(), more.end());
    }
    series.points.emplace_back(at + stretch_s, percentile(waits, 0.99));
  }
  return series;
}

Chart overload() {
  Chart chart{.title = "Two tenants ask for 1.3 times what the pool can do; a third stays within its share",
              .x_title = "seconds",
              .y_title = "p99 wait, seconds",
              .y_max = 150,
              .series = {},
              .marks = {{60, "overload begins"}}};
  for (const BrownoutPolicy policy : {BrownoutPolicy::never, BrownoutPolicy::allow}) {
    World world({.seed = 1});
    for (std::uint64_t tenant = 1; tenant <= 2; ++tenant) {
      world.add({.tenant = tenant,
                 .brownout = policy,
                 .per_second = 1.1,
                 .from_s = 60,
                 .prompt = essay_prompt,
                 .output = essay_output});
    }
    world.add({.tenant = 3, .brownout = policy, .per_second = 0.2});
    world.run_until(700);
    const bool never = policy == BrownoutPolicy::never;
    chart.series.push_back(waits_of(world, {0, 1}, never ? "brownout: never" : "brownout: allow"));
    if (!never) chart.series.push_back(waits_of(world, {2}, "within its share"));
  }
  return chart;
}

bool write(const std::string& path, const Chart& chart) {
  std::ofstream file(path);
  file << svg_of(chart);
  return file.flush().good();
}

}  // namespace

bool draw_pictures(const std::string& folder) {
  return write(folder + "/shares.svg", converging()) && write(folder + "/weight_change.svg", weight_change()) &&
         write(folder + "/newcomer.svg", newcomer()) && write(folder + "/overload.svg", overload());
}

}  // namespace obleth::sim
