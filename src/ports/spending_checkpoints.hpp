// What budgets had come to when Redis last told, kept in the record every few seconds: what is known of them when Redis
// has forgotten and the ledger cannot be asked.
#pragma once

#include <optional>
#include <vector>

#include "ports/spending_book.hpp"

namespace obleth::ports {

struct SpendingCheckpoint {
  SpendingAccount account;
  WallTime term_begin;
  Spending spent;
};

class SpendingCheckpoints {
 public:
  virtual ~SpendingCheckpoints() = default;
  // One for an account: of its latest term, and of several of one term the most. Any loop's thread.
  virtual Task<Result<void>> keep_spending(std::vector<SpendingCheckpoint> checkpoints) = 0;
  // Absent: none was kept of that term.
  virtual Task<Result<std::optional<Spending>>> kept_spending(SpendingAccount account, WallTime term_begin) = 0;
};

}  // namespace obleth::ports
