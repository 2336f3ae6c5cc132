#include "adapters/sqlite/worker.hpp"

#include <utility>

#include "adapters/os/thread_turns.hpp"

namespace obleth::adapters {

Worker::Worker(std::size_t queue_max, Turns turns)
    : queue_max_(queue_max), turns_(turns), thread_([this] { work(); }) {}

Worker::~Worker() {
  stop();
  thread_.join();
}

void Worker::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  arrived_.notify_one();
}

bool Worker::submit(Job job) {
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() >= queue_max_) return false;
    queue_.push_back(std::move(job));
  }
  arrived_.notify_one();
  return true;
}

void Worker::work() {
  if (turns_ == Turns::behind_others) stand_back();
  std::unique_lock lock(mutex_);
  while (true) {
    arrived_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;
    Job job = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    job();
    job = nullptr;
    lock.lock();
  }
}

}  // namespace obleth::adapters
