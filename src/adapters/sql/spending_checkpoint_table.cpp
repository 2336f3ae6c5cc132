#include "adapters/sql/spending_checkpoint_table.hpp"

#include "adapters/sql/query.hpp"

namespace obleth::adapters {

// Replicas tell of the same accounts, one a little later than the other: within a term the most is the latest.
void SpendingCheckpointTable::keep(std::span<const ports::SpendingCheckpoint> checkpoints) const {
  Transaction all(session_, Transaction::Kind::write);
  for (const ports::SpendingCheckpoint& each : checkpoints) {
    Query put(session_,
              "INSERT INTO budget_spent (account, term_begin, tokens, cost) VALUES (?, ?, ?, ?)"
              " ON CONFLICT (account) DO UPDATE SET term_begin = excluded.term_begin, tokens = excluded.tokens,"
              " cost = excluded.cost WHERE budget_spent.term_begin <> excluded.term_begin"
              " OR budget_spent.tokens < excluded.tokens OR budget_spent.cost < excluded.cost");
    put.bind(ports::bits_of(each.account))
        .bind(each.term_begin)
        .bind(each.spent.tokens)
        .bind(each.spent.cost.value)
        .run();
  }
  all.commit();
}

std::optional<ports::Spending> SpendingCheckpointTable::kept(const ports::SpendingAccount& account,
                                                             WallTime term_begin) const {
  Query find(session_, "SELECT tokens, cost FROM budget_spent WHERE account = ? AND term_begin = ?");
  find.bind(ports::bits_of(account)).bind(term_begin);
  if (!find.step()) return std::nullopt;
  QueryRow row(find);
  const std::int64_t tokens = row.integer();
  return ports::Spending{.tokens = tokens, .cost = {row.integer()}};
}

}  // namespace obleth::adapters
