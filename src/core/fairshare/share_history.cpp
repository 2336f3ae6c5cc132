#include "core/fairshare/share_history.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace obleth::fairshare {

std::size_t keep_busiest(std::vector<NodeShare>& tenants, std::size_t tenants_max) {
  const std::size_t all = tenants.size();
  const auto business = [](const NodeShare& tenant) {
    return std::tuple(tenant.in_flight + tenant.queued, tenant.received_ppm, tenant.entitled_ppm,
                      tenant.settled_cost.value);
  };
  if (all <= tenants_max) return all;
  std::ranges::nth_element(tenants, tenants.begin() + static_cast<std::ptrdiff_t>(tenants_max),
                           [&](const NodeShare& a, const NodeShare& b) { return business(a) > business(b); });
  tenants.resize(tenants_max);
  return all;
}

void ShareHistory::keep(WallTime at, Snapshot shares) {
  keep_busiest(shares.tenants, tenants_max);
  shares.tenants.shrink_to_fit();
  if (moments_.size() == moments_max) moments_.pop_front();
  moments_.push_back(std::make_shared<const PastSnapshot>(PastSnapshot{.at = at, .shares = std::move(shares)}));
}

std::vector<std::shared_ptr<const PastSnapshot>> ShareHistory::within(const HistoryRange& range) const {
  std::vector<std::shared_ptr<const PastSnapshot>> found;
  for (auto moment = moments_.rbegin(); moment != moments_.rend() && found.size() < range.limit; ++moment) {
    const WallTime at = (*moment)->at;
    if (range.until && at >= *range.until) continue;
    if (range.since && at < *range.since) break;
    found.push_back(*moment);
  }
  return found;
}

}  // namespace obleth::fairshare
