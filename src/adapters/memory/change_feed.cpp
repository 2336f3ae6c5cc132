#include "adapters/memory/change_feed.hpp"

#include <utility>

namespace obleth::adapters {

void InProcessChangeFeed::publish(const ports::Change& change) {
  std::shared_ptr<const Listeners> listeners;
  {
    const std::lock_guard lock(mutex_);
    listeners = listeners_;
  }
  for (const auto& listener : *listeners)
    listener(change);
}

void InProcessChangeFeed::subscribe(std::function<void(const ports::Change&)> listener) {
  const std::lock_guard lock(mutex_);
  auto more = std::make_shared<Listeners>(*listeners_);
  more->push_back(std::move(listener));
  listeners_ = std::move(more);
}

}  // namespace obleth::adapters
