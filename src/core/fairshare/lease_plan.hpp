// How the slots of one pool are shared out among the processes (replicas) that serve it.
//
// Everybody who has requests anywhere is given slots by group and tenant weight, as far as there is demand; a tenant's
// slots lie where its requests are; what nobody asks for is spread, so that newcomers find a slot. Slots are not work:
// whoever got less work than its weight since it began to wait is given more of them, and the other way round, until
// the work is shared by weight. That also lets replicas take turns when there are fewer slots than replicas. And where
// somebody has waited for too long there is a slot at least until it has gone: the age guard needs one to act on.
//
// Every replica makes the same plan from what all of them say; one that is late differs for the moment, and the rule of
// the leases (ports/peers) keeps the sum below the capacity all the same. Integers only. Thread: that of its owner.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <span>
#include <vector>

#include "base/instant.hpp"
#include "core/fairshare/admission.hpp"

namespace obleth::fairshare {

class LeasePlan {
 public:
  // What was done, here or elsewhere, since the last plan.
  void count(std::span<const TenantCost> work);
  // What was owed is void: a replica that was alone gave its part by its own order.
  void forget_balances() { balances_.clear(); }
  // Slots for each replica whose demands are given, in their order; together the capacity.
  [[nodiscard]] std::vector<std::uint32_t> make(std::uint32_t capacity,
                                                std::span<const std::vector<TenantDemand>> replicas, Instant now);

 private:
  struct Contender {
    TenantDemand whole;               // of all replicas
    std::vector<std::uint32_t> here;  // slots that it could use, by replica
    std::int64_t allotted = 0;        // parts of slots
  };
  using Contenders = std::vector<Contender>;
  struct Balance {
    std::int64_t owed = 0;  // work that a tenant is behind (> 0) its weight
    Instant waited_at;
  };

  [[nodiscard]] static Contenders merge(std::span<const std::vector<TenantDemand>> replicas);
  void settle_balance(const Contenders& contenders);
  void measure(Instant now);
  void correct(Contenders& contenders, std::int64_t capacity_parts) const;

  boost::unordered_flat_map<TenantId, std::int64_t> done_;  // since the last plan
  boost::unordered_flat_map<TenantId, Balance> balances_;   // of those who wait, or did a moment ago
  std::int64_t pool_rate_ = 0;                              // cost per second; 0: not known
  Instant made_at_;
};

}  // namespace obleth::fairshare
