#include "adapters/caching/key_flight.hpp"

namespace obleth::adapters {

void KeyFlight::land(ports::KeyLookup answer) {
  std::vector<std::shared_ptr<ports::Handover>> waiters;
  {
    const std::lock_guard lock(mutex_);
    answer_ = std::move(answer);
    landed_ = true;
    waiters.swap(waiters_);
  }
  for (auto& waiter : waiters)
    ports::Handover::wake(std::move(waiter));
}

bool KeyFlight::wait(const std::shared_ptr<ports::Handover>& waiter) {
  const std::lock_guard lock(mutex_);
  if (landed_) return false;
  waiters_.push_back(waiter);
  return true;
}

}  // namespace obleth::adapters
