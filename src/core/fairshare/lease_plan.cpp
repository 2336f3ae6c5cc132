#include "core/fairshare/lease_plan.hpp"

#include <algorithm>
#include <numeric>

#include "core/fairshare/virtual_account.hpp"

namespace obleth::fairshare {

namespace {

constexpr std::int64_t slot = std::int64_t{1} << 20;  // parts
constexpr std::int64_t correction_s = 5;              // in which what is owed would be made good
constexpr std::int64_t forgetting = 512;              // plans: who came later than others comes to the same plan
constexpr std::int64_t smoothing = 8;                 // plans that the measured rate looks back on
constexpr std::int64_t ns_per_s = 1'000'000'000;
constexpr Duration remembered = std::chrono::seconds(5);  // that somebody waited: an answer or a refusal between two
constexpr std::uint32_t slots_per_loan = 16;              // as many turns as the age guard leaves to the others

struct Claim {
  std::int64_t weight = 0;
  std::int64_t demand = 0;
  std::int64_t allotted = 0;
};

// By weight, nobody more than it asks for: whoever asks for the least by weight is served first.
void fill(std::int64_t supply, std::vector<Claim>& claims) {
  std::vector<std::size_t> order(claims.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    const __int128 one = static_cast<__int128>(claims[a].demand) * claims[b].weight;
    const __int128 other = static_cast<__int128>(claims[b].demand) * claims[a].weight;
    return one != other ? one < other : a < b;
  });
  std::int64_t weights = 0;
  for (const Claim& claim : claims)
    weights += claim.weight;
  for (const std::size_t at : order) {
    Claim& claim = claims[at];
    claim.allotted = std::min(claim.demand, scaled(supply, claim.weight, weights));
    supply -= claim.allotted;
    weights -= claim.weight;
  }
}

// First among groups, then in each group among its tenants. allotted and demand_of in the same unit.
template <class Contenders, class Demand>
void fill_by_group(std::int64_t supply, Contenders& contenders, Demand demand_of) {
  boost::unordered_flat_map<GroupId, std::size_t> places;
  std::vector<Claim> groups;
  std::vector<std::vector<std::size_t>> members;
  for (std::size_t at = 0; at < contenders.size(); ++at) {
    const auto& whole = contenders[at].whole;
    const auto [place, is_new] = places.try_emplace(whole.group, groups.size());
    if (is_new) {
      groups.push_back({.weight = whole.group_weight});
      members.emplace_back();
    }
    groups[place->second].demand += demand_of(contenders[at]);
    members[place->second].push_back(at);
  }
  fill(supply, groups);
  for (std::size_t group = 0; group < groups.size(); ++group) {
    std::vector<Claim> tenants;
    for (const std::size_t at : members[group])
      tenants.push_back({.weight = contenders[at].whole.weight, .demand = demand_of(contenders[at])});
    fill(groups[group].allotted, tenants);
    for (std::size_t i = 0; i < tenants.size(); ++i)
      contenders[members[group][i]].allotted += tenants[i].allotted;
  }
}

// Whole slots, the largest remainders rounded up, so that they are the capacity together.
std::vector<std::uint32_t> rounded(const std::vector<std::int64_t>& parts, std::uint32_t capacity) {
  std::vector<std::uint32_t> whole(parts.size());
  std::vector<std::size_t> order(parts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::uint32_t given = 0;
  for (std::size_t at = 0; at < parts.size(); ++at)
    given += whole[at] = static_cast<std::uint32_t>(parts[at] / slot);
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    return parts[a] % slot != parts[b] % slot ? parts[a] % slot > parts[b] % slot : a < b;
  });
  for (std::size_t next = 0; given < capacity && !order.empty(); next = (next + 1) % order.size(), ++given)
    ++whole[order[next]];
  return whole;
}

// Replicas that have no slot by weight, and where somebody has waited for too long, have one of the others'.
void lend_to_overdue(std::vector<std::uint32_t>& slots, std::span<const std::vector<TenantDemand>> replicas) {
  const std::uint32_t capacity = std::accumulate(slots.begin(), slots.end(), 0U);
  std::uint32_t loans = capacity == 0 ? 0 : std::max(1U, capacity / slots_per_loan);
  for (std::size_t at = 0; at < slots.size() && loans > 0; ++at) {
    if (slots[at] > 0 || std::ranges::none_of(replicas[at], &TenantDemand::overdue)) continue;
    --*std::ranges::max_element(slots);
    ++slots[at];
    --loans;
  }
}

}  // namespace

void LeasePlan::count(std::span<const TenantCost> work) {
  for (const TenantCost& done : work)
    done_[done.tenant] += done.cost;
}

std::vector<std::uint32_t> LeasePlan::make(std::uint32_t capacity, std::span<const std::vector<TenantDemand>> replicas,
                                           Instant now) {
  if (replicas.empty()) return {};
  Contenders contenders = merge(replicas);
  measure(now);
  settle_balance(contenders);
  const std::int64_t supply = capacity * slot;
  fill_by_group(supply, contenders, [](const Contender& one) { return one.whole.slots * slot; });
  correct(contenders, supply);

  std::vector<std::int64_t> parts(replicas.size());
  std::int64_t given = 0;
  for (const Contender& one : contenders) {
    for (std::size_t at = 0; at < parts.size(); ++at) {
      const std::int64_t part = scaled(one.allotted, one.here[at], one.whole.slots);
      parts[at] += part;
      given += part;
    }
  }
  for (std::int64_t& part : parts)
    part += std::max<std::int64_t>(supply - given, 0) / static_cast<std::int64_t>(parts.size());
  std::vector<std::uint32_t> slots = rounded(parts, capacity);
  lend_to_overdue(slots, replicas);
  return slots;
}

LeasePlan::Contenders LeasePlan::merge(std::span<const std::vector<TenantDemand>> replicas) {
  Contenders contenders;
  boost::unordered_flat_map<TenantId, std::size_t> places;
  for (std::size_t at = 0; at < replicas.size(); ++at) {
    for (const TenantDemand& demand : replicas[at]) {
      if (demand.slots == 0) continue;
      const auto [place, is_new] = places.try_emplace(demand.tenant, contenders.size());
      if (is_new) {
        contenders.push_back({.whole = demand, .here = std::vector<std::uint32_t>(replicas.size())});
        contenders.back().whole.slots = 0;
      }
      Contender& one = contenders[place->second];
      one.whole.slots += demand.slots;
      one.whole.waits = one.whole.waits || demand.waits;
      one.here[at] = demand.slots;
    }
  }
  return contenders;
}

// What the whole pool does in a second: the scale between work that is owed and slots.
void LeasePlan::measure(Instant now) {
  const Duration elapsed = now - made_at_;
  made_at_ = now;
  std::int64_t work = 0;
  for (const auto& [tenant, cost] : done_)
    work += cost;
  if (elapsed <= Duration::zero() || work < 0) return;
  const std::int64_t rate = scaled(work, ns_per_s, elapsed.count());
  pool_rate_ = pool_rate_ == 0 ? rate : pool_rate_ + (rate - pool_rate_) / smoothing;
}

// Among those who wait, the work that they were given is compared with what their weights entitle them to.
void LeasePlan::settle_balance(const Contenders& contenders) {
  Contenders waiting;
  std::int64_t work = 0;
  for (const Contender& one : contenders) {
    if (!one.whole.waits) continue;
    waiting.push_back({.whole = one.whole, .here = {}});
    if (const auto done = done_.find(one.whole.tenant); done != done_.end()) work += done->second;
  }
  work = std::max<std::int64_t>(work, 0);
  fill_by_group(work, waiting, [&](const Contender&) { return work; });
  // At most what the whole pool does in the time in which it would be made good.
  const std::int64_t most = pool_rate_ * correction_s;
  for (const Contender& one : waiting) {
    Balance& balance = balances_[one.whole.tenant];
    const auto done = done_.find(one.whole.tenant);
    balance.owed += one.allotted - balance.owed / forgetting;
    if (done != done_.end()) balance.owed -= done->second;
    balance.owed = std::clamp(balance.owed, -most, most);
    balance.waited_at = made_at_;
  }
  boost::unordered::erase_if(balances_,
                             [&](const auto& entry) { return made_at_ - entry.second.waited_at > remembered; });
  done_.clear();
}

// Moves slots to those who are owed work, within what everybody can use.
void LeasePlan::correct(Contenders& contenders, std::int64_t supply) const {
  if (pool_rate_ <= 0) return;
  std::int64_t wanted = 0;
  for (Contender& one : contenders) {
    const auto found = balances_.find(one.whole.tenant);
    const std::int64_t owed = one.whole.waits && found != balances_.end() ? found->second.owed : 0;
    const std::int64_t more = scaled(owed, supply, pool_rate_ * correction_s);
    one.allotted = std::clamp<std::int64_t>(one.allotted + more, 0, one.whole.slots * slot);
    wanted += one.allotted;
  }
  if (wanted <= supply) return;
  for (Contender& one : contenders)
    one.allotted = scaled(one.allotted, supply, wanted);
}

}  // namespace obleth::fairshare
