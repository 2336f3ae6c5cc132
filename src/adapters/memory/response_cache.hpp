// Answers in this process, the one used least recently first to go when the bytes are full. Any thread; it outlives the
// answers that it gave out.
//
// The bound counts every answer that is alive: one that was forgotten while a slow client still reads it takes its
// bytes until that client is done.
#pragma once

#include <atomic>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <vector>

#include "ports/clock.hpp"
#include "ports/response_cache.hpp"

namespace obleth::adapters {

class MemoryResponseCache final : public ports::ResponseCache {
 public:
  MemoryResponseCache(const ports::Clock& clock, std::size_t bytes_max) : clock_(clock), bytes_max_(bytes_max) {}

  Task<std::shared_ptr<const ports::KeptAnswer>> recall(const ports::AnswerName& name) override;
  void keep(const ports::AnswerName& name, std::shared_ptr<const ports::KeptAnswer> answer) override;

  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] std::size_t bytes() const { return bytes_alive_.load(std::memory_order_relaxed); }

 private:
  using Answer = std::shared_ptr<const ports::KeptAnswer>;
  struct Kept {
    ports::AnswerName name{};
    Answer answer;
    Instant expires;
  };
  using Order = std::list<Kept>;  // the one used least recently first
  struct HashName {
    std::size_t operator()(const ports::AnswerName& name) const;
  };

  [[nodiscard]] Answer counted(Answer answer);
  // What is forgotten is destroyed without the lock.
  [[nodiscard]] Answer take_out(Order::iterator kept);
  [[nodiscard]] Answer oldest_over(std::size_t bytes_coming);

  const ports::Clock& clock_;
  const std::size_t bytes_max_;
  std::atomic<std::size_t> bytes_alive_ = 0;
  mutable std::mutex mutex_;
  Order order_;
  boost::unordered_flat_map<ports::AnswerName, Order::iterator, HashName> by_name_;
};

}  // namespace obleth::adapters
