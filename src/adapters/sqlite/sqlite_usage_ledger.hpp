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
#include "ports/usage_ledger.hpp"
#include "ports/usage_sink.hpp"

namespace obleth::adapters {

class SqliteUsageLedger final : public ports::UsageSink, public ports::SpendingBook, public ports::UsageLedger {
 public:
  static constexpr std::size_t batches_waiting_max = 16;
  static constexpr std::size_t questions_waiting_max = 256;

  // Creates or migrates the file; a path, not ":memory:", since several connections share it. Fault: it cannot be
  // opened, is damaged, another program's, or a newer version's.
  [[nodiscard]] static Result<std::unique_ptr<SqliteUsageLedger>> open(const DatabaseFile& file);

  Task<Result<void>> deliver(ports::UsageBatch batch) override;
  // Of what was delivered. Exact while the rows are kept; before them, days (UTC) that the span cuts count as whole.
  Task<Result<ports::Spending>> spent(ports::SpendingAccount account, WallSpan span) override;

  Task<Result<ports::UsageSums>> summary(ports::UsageScope scope) override;
  Task<Result<std::vector<ports::UsageShare>>> division(ports::UsageScope scope, ports::UsageDimension by,
                                                        std::size_t groups_max) override;
  Task<Result<std::vector<ports::UsageLine>>> series(ports::UsageScope scope, ports::UsageBucket bucket,
                                                     std::optional<ports::UsageDimension> by,
                                                     std::size_t groups_max) override;
  Task<Result<ports::UsageRows>> rows(ports::UsageRowsRequest request) override;
  Task<Result<std::optional<UsageRecord>>> row(EventId id) override;
  Task<Result<std::optional<TenantId>>> tenant_named(std::string name) override;
  Task<Result<std::string>> name_of_tenant(TenantId id) override;

  // One short step of removing what is older than retention_days, in whole months, and of summing it before that;
  // false: nothing is left to do.
  // Deliveries come between the steps.
  Task<Result<bool>> forget_step(WallTime now, std::int64_t retention_days);

 private:
  explicit SqliteUsageLedger(const DatabaseFile& file);

  UsageDelivery delivery_;  // the writer's
  ConnectionDesk writer_;
  ConnectionDesk reader_;
  ConnectionDesk bookkeeper_;  // of its own, so that a budget never waits for somebody's report
};

}  // namespace obleth::adapters
