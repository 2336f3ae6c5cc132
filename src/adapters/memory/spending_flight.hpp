// One question to the spending book about one account, and everybody who waits for its answer, each on the loop of its
// own. Any thread.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "domain/calendar.hpp"
#include "ports/handover.hpp"
#include "ports/spending_book.hpp"

namespace obleth::adapters {

class SpendingFlight {
 public:
  SpendingFlight(const ports::SpendingAccount& account, const WallSpan& span) : account_(account), span_(span) {}

  [[nodiscard]] const ports::SpendingAccount& account() const { return account_; }
  [[nodiscard]] const WallSpan& span() const { return span_; }

  // Nobody waits any longer: the answer has come, or is overdue and will be learned when it does. The second call has
  // no effect.
  void release();
  // False: it is released, nothing will wake the handover.
  [[nodiscard]] bool wait(const std::shared_ptr<ports::Handover>& waiter);

 private:
  const ports::SpendingAccount account_;
  const WallSpan span_;
  std::mutex mutex_;
  bool released_ = false;
  std::vector<std::shared_ptr<ports::Handover>> waiters_;
};

}  // namespace obleth::adapters
