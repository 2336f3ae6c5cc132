#include "core/fairshare/share_meter.hpp"

#include <algorithm>

#include "core/fairshare/virtual_account.hpp"

namespace obleth::fairshare {

namespace {

constexpr std::int64_t whole_ppm = 1'000'000;

bool contends(const NodeShare& tenant) {
  return tenant.in_flight + tenant.queued > 0;
}

// Weights of those who have requests: of all groups, and of the tenants in each.
struct Contenders {
  explicit Contenders(const Snapshot& now) {
    for (const NodeShare& tenant : now.tenants) {
      if (contends(tenant)) tenants[tenant.group] += tenant.weight;
    }
    for (const GroupShare& group : now.groups) {
      group_weights[group.group] = group.weight;
      if (tenants.contains(group.group)) groups += group.weight;
    }
  }
  // A snapshot is taken in pieces, and a group that came meanwhile may be missing where its tenant is not.
  [[nodiscard]] std::int64_t entitled_ppm(const NodeShare& tenant) const {
    const auto group = group_weights.find(tenant.group);
    if (!contends(tenant) || groups == 0 || group == group_weights.end()) return 0;
    const std::int64_t of_pool = scaled(whole_ppm, group->second, groups);
    return scaled(of_pool, tenant.weight, tenants.at(tenant.group));
  }

  boost::unordered_flat_map<GroupId, std::int64_t> tenants;
  boost::unordered_flat_map<GroupId, std::int64_t> group_weights;
  std::int64_t groups = 0;
};

}  // namespace

void ShareMeter::observe(const Snapshot& now) {
  const Contenders contenders(now);
  boost::unordered_flat_map<TenantId, Charged> charged;
  Sample sample{.parts = {}, .contended = contenders.groups > 0};
  for (const NodeShare& tenant : now.tenants) {
    const std::int64_t settled = tenant.settled_cost.value;
    const std::int64_t total = settled + tenant.running_cost.value;
    const auto before = charged_.find(tenant.tenant);
    // Whoever was forgotten and came again begins at nothing.
    const bool known = before != charged_.end() && before->second.settled <= settled;
    // Below zero where a usage turned out smaller than what was charged while it ran.
    const std::int64_t received = is_fed_ ? total - (known ? before->second.total : 0) : 0;
    charged.emplace(tenant.tenant, Charged{.settled = settled, .total = total});
    const Part part{
        .tenant = tenant.tenant, .entitled_ppm = contenders.entitled_ppm(tenant), .received_cost = received};
    if (part.entitled_ppm != 0 || part.received_cost != 0) sample.parts.push_back(part);
  }
  charged_ = std::move(charged);
  is_fed_ = true;
  if (samples_.size() == window_samples) {
    add(samples_.front(), -1);
    samples_.pop_front();
  }
  add(sample, 1);
  samples_.push_back(std::move(sample));
}

void ShareMeter::add(const Sample& sample, std::int64_t sign) {
  contended_ += sample.contended ? sign : 0;
  for (const Part& part : sample.parts) {
    Sum& sum = sums_[part.tenant];
    sum.entitled_ppm += sign * part.entitled_ppm;
    sum.received_cost += sign * part.received_cost;
    received_cost_ += sign * part.received_cost;
    if (sum.entitled_ppm == 0 && sum.received_cost == 0) sums_.erase(part.tenant);
  }
}

void ShareMeter::fill_in(Snapshot& snapshot) const {
  boost::unordered_flat_map<GroupId, Sum> groups;
  for (NodeShare& tenant : snapshot.tenants) {
    const auto found = sums_.find(tenant.tenant);
    if (found == sums_.end()) continue;
    tenant.entitled_ppm = found->second.entitled_ppm / std::max<std::int64_t>(contended_, 1);
    const std::int64_t received = std::max<std::int64_t>(found->second.received_cost, 0);
    tenant.received_ppm = received_cost_ <= 0 ? 0 : std::min(scaled(received, whole_ppm, received_cost_), whole_ppm);
    groups[tenant.group].entitled_ppm += tenant.entitled_ppm;
    groups[tenant.group].received_cost += tenant.received_ppm;
  }
  for (GroupShare& group : snapshot.groups) {
    const auto found = groups.find(group.group);
    if (found == groups.end()) continue;
    group.entitled_ppm = found->second.entitled_ppm;
    group.received_ppm = found->second.received_cost;
  }
}

}  // namespace obleth::fairshare
