// Accounts that were rebuilt from the ledger, to be asked about again: rows that other replicas had not delivered then
// come there within a second, or as soon as the ledger is back. As long as it is away nothing counts as asked.
//
// Thread: its loop's.
#pragma once

#include <cstddef>
#include <functional>
#include <map>

#include "adapters/os/root_task.hpp"
#include "base/task.hpp"
#include "domain/calendar.hpp"
#include "ports/loop.hpp"
#include "ports/spending_book.hpp"

namespace obleth::adapters {

// What was spent in the term before Redis counted.
struct SpendingQuestion {
  TenantId tenant;
  ports::SpendingAccount account;
  WallSpan before;
};

class LaterQuestions final : private ports::Timer {
 public:
  static constexpr std::size_t accounts_max = 10'000;  // beyond it none is asked about again

  using Ask = std::function<Task<bool>(SpendingQuestion question)>;  // true: it was answered
  LaterQuestions(ports::Loop& loop, Ask ask) : loop_(loop), ask_(std::move(ask)) {}
  ~LaterQuestions() { loop_.disarm(*this); }

  // It is asked again, a few times, with growing pauses.
  void add(SpendingQuestion question);

 private:
  struct Due {
    SpendingQuestion question;
    std::size_t pause = 0;  // that it has waited for
  };
  void expired() override { asking_ = ask_what_is_due(); }
  void wait_for_first();
  RootTask ask_what_is_due();

  ports::Loop& loop_;
  const Ask ask_;
  std::multimap<Instant, Due> due_;
  Instant not_before_;  // nobody answered a moment ago
  bool is_asking_ = false;
  RootTask asking_;
};

}  // namespace obleth::adapters
