// What budgets had come to, by account. Faults are thrown as StoreFailure. Thread: the session's.
#pragma once

#include <optional>
#include <span>

#include "adapters/sql/session.hpp"
#include "ports/spending_checkpoints.hpp"

namespace obleth::adapters {

class SpendingCheckpointTable {
 public:
  explicit SpendingCheckpointTable(SqlSession& session) : session_(session) {}

  void keep(std::span<const ports::SpendingCheckpoint> checkpoints) const;  // in one transaction
  [[nodiscard]] std::optional<ports::Spending> kept(const ports::SpendingAccount& account, WallTime term_begin) const;

 private:
  SqlSession& session_;
};

}  // namespace obleth::adapters
