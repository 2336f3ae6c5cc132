// Who was entitled to what part of the pool's work over the last seconds, and who received it.
//
// Fed with a snapshot a second, or less often where there are very many tenants. Entitled: by weight among those who
// had requests, group by group as the scheduler shares; received: of the cost that was charged meanwhile. Both in parts
// of a million. Thread: that of its owner.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <deque>
#include <vector>

#include "core/fairshare/admission.hpp"

namespace obleth::fairshare {

class ShareMeter {
 public:
  static constexpr std::size_t window_samples = 10;

  void observe(const Snapshot& now);
  // The means of the window, in the rows of this snapshot; a group's are the sums of its tenants'.
  void fill_in(Snapshot& snapshot) const;

 private:
  struct Part {
    TenantId tenant;
    std::int64_t entitled_ppm = 0;
    std::int64_t received_cost = 0;
  };
  struct Sum {
    std::int64_t entitled_ppm = 0;
    std::int64_t received_cost = 0;
  };
  struct Sample {
    std::vector<Part> parts;
    bool contended = false;  // somebody had requests
  };
  struct Charged {
    std::int64_t settled = 0;
    std::int64_t total = 0;
  };
  void add(const Sample& sample, std::int64_t sign);

  std::deque<Sample> samples_;
  boost::unordered_flat_map<TenantId, Sum> sums_;         // over the samples
  boost::unordered_flat_map<TenantId, Charged> charged_;  // when last fed
  std::int64_t received_cost_ = 0;                        // of all, over the samples
  std::int64_t contended_ = 0;                            // samples
  bool is_fed_ = false;
};

}  // namespace obleth::fairshare
