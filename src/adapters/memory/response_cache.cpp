#include "adapters/memory/response_cache.hpp"

#include <cstring>
#include <utility>

namespace obleth::adapters {

std::size_t MemoryResponseCache::HashName::operator()(const ports::AnswerName& name) const {
  std::size_t hash = 0;
  std::memcpy(&hash, name.data(), sizeof hash);
  return hash;
}

Task<std::shared_ptr<const ports::KeptAnswer>> MemoryResponseCache::recall(const ports::AnswerName& name) {
  const Instant now = clock_.now();
  Answer gone;
  const std::lock_guard lock(mutex_);
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) co_return nullptr;
  if (found->second->expires <= now) {
    gone = take_out(found->second);
    co_return nullptr;
  }
  order_.splice(order_.end(), order_, found->second);
  co_return found->second->answer;
}

void MemoryResponseCache::keep(const ports::AnswerName& name, std::shared_ptr<const ports::KeptAnswer> answer) {
  const Duration lifetime = std::chrono::milliseconds(answer->expires_at.unix_ms - clock_.wall_now().unix_ms);
  const std::size_t bytes = ports::bytes_of(*answer);
  if (lifetime <= Duration::zero() || bytes > bytes_max_) return;
  while (const Answer gone = oldest_over(bytes)) {
  }
  const Answer fresh = counted(std::move(answer));
  Answer replaced;
  const std::lock_guard lock(mutex_);
  // Others may have come meanwhile, or what was forgotten is still being read: then there is no room for this one.
  if (bytes_alive_.load(std::memory_order_relaxed) > bytes_max_) return;
  const auto [place, is_new] = by_name_.try_emplace(name, order_.end());
  if (!is_new) {
    replaced = std::exchange(place->second->answer, nullptr);
    order_.erase(place->second);
  }
  place->second = order_.insert(order_.end(), Kept{name, fresh, clock_.now() + lifetime});
}

std::size_t MemoryResponseCache::size() const {
  const std::lock_guard lock(mutex_);
  return order_.size();
}

// Holds the answer, and its bytes of the bound, until the last reader is done with it.
MemoryResponseCache::Answer MemoryResponseCache::counted(Answer answer) {
  const std::size_t bytes = ports::bytes_of(*answer);
  bytes_alive_.fetch_add(bytes, std::memory_order_relaxed);
  const ports::KeptAnswer* const seen = answer.get();
  return {seen, [this, bytes, held = std::move(answer)](const ports::KeptAnswer*) mutable {
            held.reset();
            bytes_alive_.fetch_sub(bytes, std::memory_order_relaxed);
          }};
}

MemoryResponseCache::Answer MemoryResponseCache::take_out(Order::iterator kept) {
  Answer answer = std::move(kept->answer);
  by_name_.erase(kept->name);
  order_.erase(kept);
  return answer;
}

// Null: there is room, or nothing to forget.
MemoryResponseCache::Answer MemoryResponseCache::oldest_over(std::size_t bytes_coming) {
  const std::lock_guard lock(mutex_);
  if (order_.empty() || bytes_alive_.load(std::memory_order_relaxed) + bytes_coming <= bytes_max_) return nullptr;
  return take_out(order_.begin());
}

}  // namespace obleth::adapters
