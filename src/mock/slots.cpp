#include "mock/slots.hpp"

namespace obleth::mock {

bool Slots::take_if_free() {
  if (count_ != 0 && (running_ >= count_ || !queue_.empty())) return false;
  ++running_;
  return true;
}

void Slots::release() {
  const std::scoped_lock lock(mutex_);
  if (queue_.empty()) {
    --running_;
    return;
  }
  // The slot passes on without becoming free, so nobody can come in between.
  Turn& next = *queue_.front();
  queue_.pop_front();
  next.queued_ = false;
  next.granted_ = true;
  next.loop_.post(next.waiting_);
}

std::size_t Slots::running() const {
  const std::scoped_lock lock(mutex_);
  return running_;
}

std::size_t Slots::waiting() const {
  const std::scoped_lock lock(mutex_);
  return queue_.size();
}

Slots::Turn::~Turn() {
  leave_queue();
}

bool Slots::Turn::await_ready() {
  if (signal_.fired()) return true;
  const std::scoped_lock lock(slots_.mutex_);
  granted_ = slots_.take_if_free();
  return granted_;
}

bool Slots::Turn::await_suspend(std::coroutine_handle<> waiting) {
  const std::scoped_lock lock(slots_.mutex_);
  granted_ = slots_.take_if_free();
  if (granted_) return false;
  waiting_ = waiting;
  signal_.attach(*this);
  place_ = slots_.queue_.insert(slots_.queue_.end(), this);
  queued_ = true;
  return true;
}

bool Slots::Turn::await_resume() {
  CancelSignal::detach(*this);
  const std::scoped_lock lock(slots_.mutex_);
  return granted_;
}

// A slot that was granted meanwhile is on its way as a post, which then resumes instead.
void Slots::Turn::cancelled() {
  if (leave_queue()) waiting_.resume();
}

bool Slots::Turn::leave_queue() {
  const std::scoped_lock lock(slots_.mutex_);
  if (!queued_) return false;
  slots_.queue_.erase(place_);
  queued_ = false;
  return true;
}

}  // namespace obleth::mock
