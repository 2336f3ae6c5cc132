#include "adapters/memory/spending_flight.hpp"

#include <utility>

namespace obleth::adapters {

void SpendingFlight::release() {
  std::vector<std::shared_ptr<ports::Handover>> waiters;
  {
    const std::lock_guard lock(mutex_);
    released_ = true;
    waiters.swap(waiters_);
  }
  for (auto& waiter : waiters)
    ports::Handover::wake(std::move(waiter));
}

bool SpendingFlight::wait(const std::shared_ptr<ports::Handover>& waiter) {
  const std::lock_guard lock(mutex_);
  if (released_) return false;
  waiters_.push_back(waiter);
  return true;
}

}  // namespace obleth::adapters
