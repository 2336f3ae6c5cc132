// Figures of a simulation, from the work that tenants had at each whole second.
#pragma once

#include <cstddef>
#include <vector>

#include "sim/world.hpp"

namespace obleth::sim {

// 0 <= share <= 1; 0 of nothing.
[[nodiscard]] double percentile(std::vector<double> values, double share);
// 1: all equal; 1/n: one has it all.
[[nodiscard]] double jain(const std::vector<double>& values);

// Work of one tenant from one second to another.
[[nodiscard]] double work_between(const World& world, std::size_t tenant, int from_s, int to_s);
// Of the work of all in that time.
[[nodiscard]] double share_between(const World& world, std::size_t tenant, int from_s, int to_s);
// What one tenant got, as a multiple of the mean of the others.
[[nodiscard]] double gain_between(const World& world, std::size_t tenant, int from_s, int to_s);
// Of the tenant's shares in all windows of that length that lie within the time.
[[nodiscard]] double least_share(const World& world, std::size_t tenant, int window_s, int from_s, int to_s);

// Seconds after from_s from which on the tenant's share of windows of 20 s stays within 0.8 and 1.25 of what is fair,
// for 20 s. As long as the history is when it never does.
[[nodiscard]] double converges_after(const World& world, std::size_t tenant, double fair_share, int from_s);

// Waits of requests that were asked in that time.
[[nodiscard]] std::vector<double> waits_between(const World& world, std::size_t tenant, double from_s, double to_s);

}  // namespace obleth::sim
