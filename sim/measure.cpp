#include "sim/measure.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace obleth::sim {

double percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::ranges::nth_element(values, values.begin() + at);
  return values[static_cast<std::size_t>(at)];
}

double jain(const std::vector<double>& values) {
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  const double squares = std::inner_product(values.begin(), values.end(), values.begin(), 0.0);
  return squares == 0 ? 1 : sum * sum / (static_cast<double>(values.size()) * squares);
}

namespace {

double work_at(const World& world, std::size_t tenant, int second) {
  const auto& history = world.tenant(tenant).history;
  // The first entry stands for the end of the first second.
  return second <= 0 ? 0 : history[std::min(static_cast<std::size_t>(second), history.size()) - 1];
}

}  // namespace

double work_between(const World& world, std::size_t tenant, int from_s, int to_s) {
  return work_at(world, tenant, to_s) - work_at(world, tenant, from_s);
}

double share_between(const World& world, std::size_t tenant, int from_s, int to_s) {
  double all = 0;
  for (std::size_t i = 0; i < world.tenants().size(); ++i)
    all += work_between(world, i, from_s, to_s);
  return all == 0 ? 0 : work_between(world, tenant, from_s, to_s) / all;
}

double gain_between(const World& world, std::size_t tenant, int from_s, int to_s) {
  const double share = share_between(world, tenant, from_s, to_s);
  return share / ((1 - share) / static_cast<double>(world.tenants().size() - 1));
}

double least_share(const World& world, std::size_t tenant, int window_s, int from_s, int to_s) {
  double least = 1;
  for (int at = from_s; at + window_s <= to_s; ++at)
    least = std::min(least, share_between(world, tenant, at, at + window_s));
  return least;
}

double converges_after(const World& world, std::size_t tenant, double fair_share, int from_s) {
  constexpr int window_s = 20;
  constexpr int held_s = 20;
  const int end_s = static_cast<int>(world.tenant(tenant).history.size());
  int since_s = from_s;
  for (int at = from_s; at + window_s <= end_s; ++at) {
    const double ratio = share_between(world, tenant, at, at + window_s) / fair_share;
    if (ratio < 0.8 || ratio > 1.25) since_s = at + 1;
    if (at - since_s >= held_s) return since_s - from_s;
  }
  return end_s - from_s;
}

std::vector<double> waits_between(const World& world, std::size_t tenant, double from_s, double to_s) {
  std::vector<double> waits;
  for (const Wait& wait : world.tenant(tenant).waits) {
    if (wait.asked_s >= from_s && wait.asked_s < to_s) waits.push_back(wait.waited_s);
  }
  return waits;
}

}  // namespace obleth::sim
