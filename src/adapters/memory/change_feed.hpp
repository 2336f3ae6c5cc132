// News of changed configuration within this process. Any thread; listeners are called on the publisher's.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "ports/change_feed.hpp"

namespace obleth::adapters {

class InProcessChangeFeed final : public ports::ChangeFeed {
 public:
  void publish(const ports::Change& change) override;
  Task<Result<void>> tell_replicas(std::vector<ports::Change>) override { co_return Result<void>(); }  // there are none
  void subscribe(std::function<void(const ports::Change&)> listener) override;

 private:
  using Listeners = std::vector<std::function<void(const ports::Change&)>>;

  std::mutex mutex_;
  // Replaced, never changed: a publisher calls the listeners of its moment without the lock.
  std::shared_ptr<const Listeners> listeners_ = std::make_shared<Listeners>();
};

}  // namespace obleth::adapters
