#include "admin/write_gate.hpp"

namespace obleth::admin {

bool WriteGate::wait(std::coroutine_handle<> waiting) {
  const std::lock_guard lock(mutex_);
  if (!taken_) {
    taken_ = true;
    return false;
  }
  queue_.push_back({waiting, ports::Loop::current()});
  return true;
}

void WriteGate::leave() {
  Waiter next{};
  {
    const std::lock_guard lock(mutex_);
    if (queue_.empty()) {
      taken_ = false;
      return;
    }
    next = queue_.front();
    queue_.pop_front();
  }
  // The turn passes on without the gate opening in between.
  if (next.loop != nullptr)
    next.loop->post(next.waiting);
  else
    next.waiting.resume();
}

}  // namespace obleth::admin
