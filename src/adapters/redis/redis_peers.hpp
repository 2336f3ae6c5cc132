// The replicas that share a pool, told of each other over Redis: one script, one round trip, as ports/peers has it.
//
// The leases are in one hash, the work in one stream; both names have the pool's hash tag, so that the script stays on
// one node. Time is Redis' own. It restates ports/lease_rules, with which it is compared at random. Thread: the link's.
#pragma once

#include <optional>
#include <string>

#include "adapters/redis/redis_link.hpp"
#include "ports/peers.hpp"

namespace obleth::adapters {

// Part of the names: raised with every change of what they hold.
inline constexpr std::string_view pool_layout = "1";

class RedisPeers final : public ports::Peers {
 public:
  // Beside the pool's name. The link outlives it.
  RedisPeers(RedisLink& link, std::string_view pool);

  Task<Result<ports::PeerNews>> exchange(ports::PeerReport report) override;

  // For tests: Redis' clock stands at this.
  void stand_at(std::int64_t now_ms) { stands_at_ms_ = now_ms; }

 private:
  RedisLink& link_;
  const std::string members_;  // names of keys
  const std::string work_;
  std::optional<std::int64_t> stands_at_ms_;
};

}  // namespace obleth::adapters
