// Answers that replicas share. They expire by themselves, and all of them together take a bounded part of Redis, whose
// memory budgets need: beyond it those go first that would have expired soonest.
//
// A Redis that is away or slow knows nothing and keeps nothing. Any thread with a link.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "adapters/redis/redis_link.hpp"
#include "adapters/redis/redis_script.hpp"
#include "adapters/redis/redis_server.hpp"
#include "ports/clock.hpp"
#include "ports/response_cache.hpp"

namespace obleth::adapters {

class RedisResponseCache final : public ports::ResponseCache {
 public:
  // Answers on their way to Redis; what comes while there are as many is not kept there.
  static constexpr std::size_t leaving_bytes_max = 16U << 20;

  RedisResponseCache(RedisServer& server, const ports::Clock& clock, std::uint64_t bytes_max);

  Task<std::shared_ptr<const ports::KeptAnswer>> recall(const ports::AnswerName& name) override;
  void keep(const ports::AnswerName& name, std::shared_ptr<const ports::KeptAnswer> answer) override;

  // For tests.
  [[nodiscard]] std::size_t leaving_bytes() const { return leaving_bytes_.load(std::memory_order_relaxed); }

 private:
  [[nodiscard]] std::string key_of(const ports::AnswerName& name) const;
  Task<void> send(RedisLink& link, RedisScript::Input input, std::size_t bytes);

  RedisServer& server_;
  const ports::Clock& clock_;
  const std::uint64_t bytes_max_;
  const std::string prefix_;  // of the names of all answers
  const RedisScript keep_script_;
  std::atomic<std::size_t> leaving_bytes_ = 0;
};

}  // namespace obleth::adapters
