// The usage ledger in an SQLite file of its own: the embedded mode's sink, and what it is asked afterwards.
//
// One connection writes, others read: in WAL mode neither waits for the other. Each has a thread of its own with a
// bounded queue; a batch whose turn does not come is the fault unavailable and comes again. A delivery that was
// answered is on disk. Thread: any. Destroy it before the loops whose tasks may wait for it.
#pragma once

#include <cstddef>
#include <memory>

#include "adapters/sqlite/connection_desk.hpp"
#include "adapters/sqlite/usage_delivery.hpp"
#include "ports/spending_book.hpp"
#include "ports/usage_sink.hpp"

namespace obleth::adapters {

class SqliteUsageLedger final : public ports::UsageSink, public ports::SpendingBook {
 public:
  static constexpr std::size_t batches_waiting_max = 16;
  static constexpr std::size_t questions_waiting_max = 256;

  // Creates or migrates the file; a path, not ":memory:", since several connections share it. Fault: it cannot be
  // opened, is damaged, another program's, or a newer version's.
  [[nodiscard]] static Result<std::unique_ptr<SqliteUsageLedger>> open(const DatabaseFile& file);

  Task<Result<void>> deliver(const ports::UsageBatch& batch) override;
  // Of what was delivered. Exact while the rows are kept; before them, days (UTC) that the span cuts count as whole.
  Task<Result<ports::Spending>> spent(ports::SpendingAccount account, WallSpan span) override;

 private:
  explicit SqliteUsageLedger(const DatabaseFile& file);

  UsageDelivery delivery_;  // the writer's
  ConnectionDesk writer_;
  ConnectionDesk reader_;
};

}  // namespace obleth::adapters
