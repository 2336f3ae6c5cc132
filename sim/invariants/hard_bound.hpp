// Over every window in which two tenants both have requests waiting, what they got by weight is apart by no more than
// (3 D + 1) C* / w of each: D the most in flight, C* the largest request.
//
// For tenants of one group that ask for one model, in the rule that promises it. It also keeps how far apart they came.
#pragma once

#include <algorithm>
#include <limits>
#include <string_view>
#include <vector>

#include "sim/world.hpp"

namespace obleth::sim {

class HardBound {
 public:
  [[nodiscard]] std::string_view operator()(const World& world) {
    const std::size_t count = world.tenants().size();
    ranges_.resize(count * count);
    bool broken = false;
    for (std::size_t i = 0; i < count; ++i) {
      const Tenant& one = world.tenant(i);
      for (std::size_t j = 0; j < i; ++j) {
        const Tenant& other = world.tenant(j);
        Range& range = ranges_[i * count + j];
        if (one.waiting == 0 || other.waiting == 0) {
          range = {};
          continue;
        }
        const double apart = service(one) - service(other);
        range = {.least = std::min(range.least, apart), .most = std::max(range.most, apart)};
        gap_ = std::max(gap_, range.most - range.least);
        broken = broken || range.most - range.least > bound(world, one) + bound(world, other);
      }
    }
    return broken ? "two tenants came further apart than the bound" : std::string_view();
  }
  // The most that any two came apart, in work by weight (default weight: 1).
  [[nodiscard]] double gap() const { return gap_; }

 private:
  struct Range {
    double least = std::numeric_limits<double>::max();
    double most = std::numeric_limits<double>::lowest();
  };
  static double weight_of(const Tenant& tenant) { return tenant.load.weight / 100.0; }
  static double service(const Tenant& tenant) { return tenant.work / weight_of(tenant); }
  static double bound(const World& world, const Tenant& tenant) {
    // A request that still runs may already be the largest.
    constexpr double largest_possible = 32'000 + 4 * 4'000;
    const double largest = std::max(world.largest_request(), largest_possible);
    return (3 * tenant.most_in_flight + 1) * largest / weight_of(tenant);
  }

  std::vector<Range> ranges_;
  double gap_ = 0;
};

}  // namespace obleth::sim
