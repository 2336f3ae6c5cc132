// One replica's part of a pool that several share: what it tells the others, and what follows from what it hears.
//
// Pure: no clock, no I/O; share_sync asks and steps the engine. A turn is: plan() with what the engine says, step the
// lease that it gives, report() with what is in flight then, and hear() when an answer comes.
//
// It takes fewer slots before it says so, and more only when it was told. What it did is kept until somebody has heard
// it, and told once. When nobody answers, its lease ends after lease_time by its own clock, and it goes on with its
// part of the capacity, by its own order. Thread: that of its owner.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/fairshare/admission.hpp"
#include "core/fairshare/lease_plan.hpp"
#include "ports/peers.hpp"

namespace obleth::gateway {

class ReplicaShare {
 public:
  struct Heard {
    fairshare::SetLease lease;
    fairshare::CountForeign foreign;
  };
  struct Status {
    std::uint32_t replicas = 1;
    std::uint32_t lease = 0;
    bool starting = true;   // nobody has answered yet, and may
    bool degraded = false;  // nobody answers: its part of the capacity alone
  };

  struct Identity {
    std::string replica;         // of this process
    std::string place;           // of its files; empty: not known
    std::uint32_t expected = 1;  // replicas that there are at least
  };
  explicit ReplicaShare(Identity identity) : identity_(std::move(identity)), replicas_(identity_.expected) {}

  // Before anything was heard: no slot, for as long as it takes to be sure that nobody answers.
  [[nodiscard]] fairshare::SetLease first_lease(std::uint32_t capacity, Instant now);
  [[nodiscard]] fairshare::SetLease plan(fairshare::PoolView view, Instant now);
  [[nodiscard]] ports::PeerReport report(std::uint32_t in_flight);
  // sent_at: when the report left.
  [[nodiscard]] Heard hear(ports::PeerNews news, Instant sent_at);
  // The last words: with what was done since the last turn.
  [[nodiscard]] ports::PeerReport farewell(const fairshare::PoolView& view);

  // It has fewer slots than it should have, or some that it does not use while others wait: worth a turn soon.
  [[nodiscard]] bool is_unsettled() const { return lease_ < wanted_ || (others_wait_ && lease_ > useful_); }
  [[nodiscard]] Status status(Instant now) const;

 private:
  void keep(const std::vector<fairshare::TenantCost>& work);
  [[nodiscard]] fairshare::SetLease lease() const;
  [[nodiscard]] std::uint32_t part_of_capacity() const;

  const Identity identity_;
  std::uint32_t replicas_;
  fairshare::LeasePlan plan_;
  std::map<std::string, std::vector<fairshare::TenantDemand>> others_;
  std::vector<fairshare::TenantDemand> demands_;
  boost::unordered_flat_map<TenantId, fairshare::TenantCost> untold_;
  Instant untold_since_;
  Instant planned_at_;
  std::string told_work_;  // batch batch_, until it is heard
  std::uint64_t batch_ = 0;
  std::uint64_t sequence_ = 0;
  std::uint64_t epoch_ = 0;
  std::int64_t heard_at_ms_ = 0;
  std::string heard_;
  std::uint32_t capacity_ = 0;
  std::uint32_t lease_ = 0;
  std::uint32_t wanted_ = 0;
  std::uint32_t useful_ = 0;  // slots that it could use
  bool others_wait_ = false;
  Instant until_;
};

}  // namespace obleth::gateway
