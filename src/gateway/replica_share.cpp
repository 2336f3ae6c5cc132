#include "gateway/replica_share.hpp"

#include <algorithm>
#include <utility>

#include "gateway/peer_text.hpp"

namespace obleth::gateway {

namespace {

constexpr Duration first_answer_max = std::chrono::seconds(1);

std::uint32_t slots_of(const std::vector<fairshare::TenantDemand>& demands) {
  std::uint32_t slots = 0;
  for (const fairshare::TenantDemand& demand : demands)
    slots += demand.slots;
  return slots;
}

}  // namespace

std::uint32_t ReplicaShare::part_of_capacity() const {
  return std::max(1U, capacity_ / std::max(1U, replicas_));
}

fairshare::SetLease ReplicaShare::lease() const {
  return {.slots = lease_, .until = until_, .slots_after = part_of_capacity()};
}

fairshare::SetLease ReplicaShare::first_lease(std::uint32_t capacity, Instant now) {
  capacity_ = capacity;
  until_ = now + first_answer_max;
  return lease();
}

void ReplicaShare::keep(const std::vector<fairshare::TenantCost>& work) {
  for (const fairshare::TenantCost& done : work) {
    const std::int64_t before = untold_[done.tenant].cost;
    untold_[done.tenant] = {done.tenant, before + done.cost, done.group};
  }
}

fairshare::SetLease ReplicaShare::plan(fairshare::PoolView view, Instant now) {
  capacity_ = view.capacity;
  demands_ = std::move(view.demands);
  useful_ = slots_of(demands_);
  plan_.count(view.work);
  keep(view.work);

  // In the order of their names, so that all make the same plan.
  std::vector<std::vector<fairshare::TenantDemand>> all;
  std::size_t own = 0;
  for (const auto& [replica, demands] : others_) {
    if (replica < identity_.replica) ++own;
    all.push_back(demands);
  }
  all.insert(all.begin() + static_cast<std::ptrdiff_t>(own), demands_);
  wanted_ = plan_.make(capacity_, all, now)[own];
  lease_ = now < until_ ? std::min(lease_, wanted_) : part_of_capacity();
  return lease();
}

ports::PeerReport ReplicaShare::report(std::uint32_t in_flight) {
  if (told_work_.empty() && !untold_.empty()) {
    std::vector<fairshare::TenantCost> work;
    for (const auto& [tenant, done] : untold_)
      work.push_back(done);
    untold_.clear();
    told_work_ = work_text(work);
    ++batch_;
  }
  return {.replica = identity_.replica,
          .place = identity_.place,
          .sequence = ++sequence_,
          .epoch = epoch_,
          .heard_at_ms = heard_at_ms_,
          .capacity = capacity_,
          .held = std::max(lease_, in_flight),
          .wanted = wanted_,
          .useful = useful_,
          .demands = demands_text(demands_),
          .batch = batch_,
          .work = told_work_,
          .heard = heard_};
}

ReplicaShare::Heard ReplicaShare::hear(ports::PeerNews news, Instant sent_at) {
  told_work_.clear();
  epoch_ = news.epoch;
  heard_ = std::move(news.heard);
  heard_at_ms_ = news.told_at_ms;
  replicas_ = std::max({1U, identity_.expected, news.replicas});
  lease_ = news.lease;
  until_ = sent_at + ports::lease_time;
  others_.clear();
  others_wait_ = false;
  for (const ports::Peer& peer : news.peers) {
    std::vector<fairshare::TenantDemand>& demands = others_[peer.replica];
    demands = read_demands(peer.demands);
    others_wait_ = others_wait_ || std::ranges::any_of(demands, &fairshare::TenantDemand::waits);
  }
  Heard heard{.lease = lease(), .foreign = {}};
  for (const std::string& work : news.work) {
    const std::vector<fairshare::TenantCost> done = read_work(work);
    plan_.count(done);
    heard.foreign.costs.insert(heard.foreign.costs.end(), done.begin(), done.end());
  }
  return heard;
}

ports::PeerReport ReplicaShare::farewell(const fairshare::PoolView& view) {
  keep(view.work);
  ports::PeerReport last = report(0);
  last.held = 0;
  last.wanted = 0;
  last.useful = 0;
  last.leaves = true;
  last.demands.clear();
  return last;
}

ReplicaShare::Status ReplicaShare::status(Instant now) const {
  const bool degraded = now >= until_;
  return {.replicas = replicas_,
          .lease = degraded ? part_of_capacity() : lease_,
          .starting = epoch_ == 0 && !degraded,
          .degraded = degraded};
}

}  // namespace obleth::gateway
