#include "ports/gate.hpp"

#include <utility>

namespace obleth::ports {

void Gate::open() {
  std::vector<std::shared_ptr<Handover>> waiters;
  {
    const std::lock_guard lock(mutex_);
    open_ = true;
    waiters.swap(waiters_);
  }
  for (auto& waiter : waiters)
    Handover::wake(std::move(waiter));
}

bool Gate::wait(const std::shared_ptr<Handover>& waiter) {
  const std::lock_guard lock(mutex_);
  if (open_) return false;
  waiters_.push_back(waiter);
  return true;
}

}  // namespace obleth::ports
