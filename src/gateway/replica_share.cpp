#include "gateway/replica_share.hpp"

#include <algorithm>
#include <utility>

#include "core/fairshare/virtual_account.hpp"
#include "gateway/peer_text.hpp"

namespace obleth::gateway {

namespace {

using std::chrono::milliseconds;

constexpr Duration first_answer_max = std::chrono::seconds(1);
constexpr Duration usual_turn = milliseconds(250);

// What took longer than a lease was done alone, by the order of one replica, and counts as one turn's: whoever had more
// of it than its share goes without for a moment, and not for as long as that was.
std::vector<fairshare::TenantCost> counted(ToldWork told) {
  if (told.span <= ports::lease_time) return std::move(told.costs);
  for (fairshare::TenantCost& done : told.costs)
    done.cost = fairshare::scaled(done.cost, usual_turn / milliseconds(1), told.span / milliseconds(1));
  return std::move(told.costs);
}

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
  planned_at_ = now;
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
  if (untold_.empty()) untold_since_ = planned_at_;
  planned_at_ = now;
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
  const bool is_alone = now >= until_;
  if (is_alone) plan_.forget_balances();
  lease_ = is_alone ? part_of_capacity() : std::min(lease_, wanted_);
  return lease();
}

ports::PeerReport ReplicaShare::report(std::uint32_t in_flight) {
  if (told_work_.empty() && !untold_.empty()) {
    ToldWork work{.costs = {}, .span = std::chrono::duration_cast<milliseconds>(planned_at_ - untold_since_)};
    for (const auto& [tenant, done] : untold_)
      work.costs.push_back(done);
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
    const std::vector<fairshare::TenantCost> done = counted(read_work(work));
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
