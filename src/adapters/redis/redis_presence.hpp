// Says that this replica lives, and counts those that do: who was not heard of for ten seconds is gone.
//
// One for each process, on one loop. While Redis is away the last count stays. A Redis that does not know this replica
// any more has forgotten everything else too.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "adapters/os/root_task.hpp"
#include "adapters/redis/redis_link.hpp"

namespace obleth::adapters {

class RedisPresence {
 public:
  // Told on the loop's thread.
  struct Told {
    std::function<void(std::uint32_t replicas)> counted;  // every two seconds
    std::function<void()> forgotten = [] {};              // at the start as well
  };
  // own_name: of this replica, random. The link outlives it.
  RedisPresence(RedisLink& link, std::string own_name, Told told);

 private:
  RootTask keep_saying();

  RedisLink& link_;
  const std::string own_name_;
  const Told told_;
  RootTask saying_;
};

}  // namespace obleth::adapters
