// The usage ledger in ClickHouse, shared by replicas: where rows are delivered to, and what is asked afterwards.
//
// A row that is delivered again replaces itself, as it has the same event id; whoever reads sees it once. Rows, sums
// and spending are read from the rows themselves, or from days rolled up from them that are rolled up anew when rows of
// theirs come, so that no replay can double them. Made on the loop of the upstream
// that it is given; everything else from any loop's thread, or one without a loop. End that loop last.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "adapters/clickhouse/clickhouse_link.hpp"
#include "adapters/clickhouse/usage_days.hpp"
#include "adapters/clickhouse/usage_questions.hpp"
#include "ports/run_on.hpp"
#include "ports/spending_book.hpp"
#include "ports/usage_ledger.hpp"
#include "ports/usage_sink.hpp"

namespace obleth::adapters {

class ClickHouseUsageLedger final : public ports::UsageSink, public ports::SpendingBook, public ports::UsageLedger {
 public:
  static constexpr std::size_t rows_of_an_insert_max = 100'000;

  ClickHouseUsageLedger(ports::Loop& loop, ports::Upstream& upstream, ClickHouseSettings settings)
      : loop_(loop), link_(loop, upstream, std::move(settings)) {}
  // Set before the first call; called on the loop.
  void watch(ClickHouseLink::WatchHealth health, ClickHouseLink::WatchCalls calls) {
    link_.watch(std::move(health), std::move(calls));
  }

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

  // Drops one month that ended before the oldest day to be kept, after what it cost has been written down; then rolls
  // up one day that is closed. False: nothing is left to do.
  Task<Result<bool>> tidy_step(WallTime now, std::int64_t retention_days);
  // Makes the tables, where they can be reached now; otherwise the first question does.
  Task<Result<void>> prepare();

 private:
  using Names = std::map<TenantId, std::string>;

  // On the loop.
  Task<Result<std::string>> ask(std::string sql);
  Task<Result<void>> ready();
  Task<Result<void>> take(std::vector<std::string> inserts, std::string names, std::set<UsageDay> days);
  Task<Result<std::vector<UsageCell>>> cells(ports::UsageScope scope, UsageDivision division);
  Task<Result<std::vector<UsageCell>>> largest(ports::UsageScope scope, ports::UsageDimension by,
                                               std::size_t groups_max);
  Task<Result<Names>> names_of(std::set<TenantId> tenants);
  Task<Result<std::vector<UsageRecord>>> named_rows(std::string sql);
  Task<Result<std::vector<ports::UsageLine>>> draw(ports::UsageScope scope, ports::UsageBucket bucket,
                                                   std::optional<ports::UsageDimension> by, std::size_t groups_max);
  Task<Result<ports::Spending>> ask_spending(std::string sql);
  Task<Result<ports::UsageRows>> page(std::string sql, std::size_t rows_max);
  Task<Result<Names>> ask_names(std::string sql);
  Task<Result<bool>> tidy(WallTime now, std::int64_t retention_days);
  Task<Result<bool>> forget(WallTime now, std::int64_t retention_days);
  Task<Result<bool>> roll_up();
  Task<Result<std::vector<WallSpan>>> rolled_up(WallSpan span, const UsageDivision& division);

  ports::Loop& loop_;
  ClickHouseLink link_;
  bool is_ready_ = false;
};

}  // namespace obleth::adapters
