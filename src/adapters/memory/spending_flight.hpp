// One question to the spending book about one account, and everybody who waits for its answer, each on the loop of its
// own. Any thread.
#pragma once

#include <memory>

#include "domain/calendar.hpp"
#include "ports/gate.hpp"
#include "ports/spending_book.hpp"

namespace obleth::adapters {

class SpendingFlight {
 public:
  SpendingFlight(const ports::SpendingAccount& account, const WallSpan& span) : account_(account), span_(span) {}

  [[nodiscard]] const ports::SpendingAccount& account() const { return account_; }
  [[nodiscard]] const WallSpan& span() const { return span_; }

  // Nobody waits any longer: the answer has come, or is overdue and will be learned when it does. The second call has
  // no effect.
  void release() { released_.open(); }
  // False: it is released, nothing will wake the handover.
  [[nodiscard]] bool wait(const std::shared_ptr<ports::Handover>& waiter) { return released_.wait(waiter); }

 private:
  const ports::SpendingAccount account_;
  const WallSpan span_;
  ports::Gate released_;
};

}  // namespace obleth::adapters
