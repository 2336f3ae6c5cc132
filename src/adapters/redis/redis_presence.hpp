// Says that this replica lives, and counts those that do: who was not heard of for ten seconds is gone.
//
// One for each process, on one loop. While Redis is away the last count stays.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "adapters/os/root_task.hpp"
#include "adapters/redis/redis_link.hpp"

namespace obleth::adapters {

class RedisPresence {
 public:
  // own_name: of this replica, random. counted: told every two seconds, on the loop's thread. The link outlives it.
  RedisPresence(RedisLink& link, std::string own_name, std::function<void(std::uint32_t replicas)> counted);

 private:
  RootTask keep_saying();

  RedisLink& link_;
  const std::string own_name_;
  const std::function<void(std::uint32_t)> counted_;
  RootTask saying_;
};

}  // namespace obleth::adapters
