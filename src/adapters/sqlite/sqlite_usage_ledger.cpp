#include "adapters/sqlite/sqlite_usage_ledger.hpp"

#include <exception>
#include <utility>
#include <vector>

#include "adapters/os/system_clock.hpp"
#include "adapters/sqlite/spending_table.hpp"
#include "adapters/sqlite/statement.hpp"
#include "adapters/sqlite/usage_functions.hpp"
#include "adapters/sqlite/usage_listing.hpp"
#include "adapters/sqlite/usage_retention.hpp"
#include "adapters/sqlite/usage_schema.hpp"
#include "adapters/sqlite/usage_sums.hpp"

namespace obleth::adapters {

SqliteUsageLedger::SqliteUsageLedger(const DatabaseFile& file)
    : writer_(file, batches_waiting_max, Worker::Turns::behind_others),
      reader_(file, questions_waiting_max),
      bookkeeper_(file, questions_waiting_max) {
  SqliteConnection& writer = writer_.connection();
  // The log is cut back after a burst; the cache holds the sums that rows are added to. A page that many batches touch
  // is written to the file once for all of them.
  writer.execute("PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -32768; PRAGMA wal_autocheckpoint = 8192;");
  migrate_usage(writer);
  for (ConnectionDesk* desk : {&reader_, &bookkeeper_}) {
    desk->connection().execute("PRAGMA query_only = ON; PRAGMA cache_size = -16384;");
    define_usage_functions(desk->connection());
  }
}

Result<std::unique_ptr<SqliteUsageLedger>> SqliteUsageLedger::open(const DatabaseFile& file) {
  try {
    return std::unique_ptr<SqliteUsageLedger>(new SqliteUsageLedger(file));
  } catch (...) {
    return fail(fault_of_thrown(std::current_exception()));
  }
}

Task<Result<void>> SqliteUsageLedger::deliver(ports::UsageBatch batch) {
  return writer_.ask([this, batch = std::move(batch)](SqliteConnection& connection) mutable {
    static_cast<void>(delivery_.take(connection, batch.range, batch.rows, SystemClock().wall_now()));
  });
}

Task<Result<ports::Spending>> SqliteUsageLedger::spent(ports::SpendingAccount account, WallSpan span) {
  return bookkeeper_.ask([account, span](SqliteConnection& connection) { return spent_in(connection, account, span); });
}

Task<Result<ports::UsageSums>> SqliteUsageLedger::summary(ports::UsageScope scope) {
  return reader_.ask([scope = std::move(scope)](SqliteConnection& connection) { return summarise(connection, scope); });
}

Task<Result<std::vector<ports::UsageShare>>> SqliteUsageLedger::division(ports::UsageScope scope,
                                                                         ports::UsageDimension by,
                                                                         std::size_t groups_max) {
  return reader_.ask([scope = std::move(scope), by, groups_max](SqliteConnection& connection) {
    return divide(connection, scope, by, groups_max);
  });
}

Task<Result<std::vector<ports::UsageLine>>> SqliteUsageLedger::series(ports::UsageScope scope,
                                                                      ports::UsageBucket bucket,
                                                                      std::optional<ports::UsageDimension> by,
                                                                      std::size_t groups_max) {
  SeriesQuestion question{.scope = std::move(scope), .bucket = bucket, .by = by, .groups_max = groups_max};
  return reader_.ask(
      [question = std::move(question)](SqliteConnection& connection) { return draw_series(connection, question); });
}

Task<Result<ports::UsageRows>> SqliteUsageLedger::rows(ports::UsageRowsRequest request) {
  return reader_.ask(
      [request = std::move(request)](SqliteConnection& connection) { return list_usage(connection, request); });
}

Task<Result<std::optional<UsageRecord>>> SqliteUsageLedger::row(EventId id) {
  return reader_.ask([id](SqliteConnection& connection) { return find_usage(connection, id); });
}

Task<Result<std::optional<TenantId>>> SqliteUsageLedger::tenant_named(std::string name) {
  return reader_.ask([name = std::move(name)](SqliteConnection& connection) -> std::optional<TenantId> {
    Statement find(connection, "SELECT id FROM tenants WHERE name = ? ORDER BY number DESC LIMIT 1");
    find.bind(name);
    if (!find.step()) return std::nullopt;
    return Row(find).id<TenantId>();
  });
}

Task<Result<std::string>> SqliteUsageLedger::name_of_tenant(TenantId id) {
  return reader_.ask([id](SqliteConnection& connection) {
    Statement find(connection, "SELECT name FROM tenants WHERE id = ?");
    find.bind(id);
    return find.step() ? Row(find).text() : std::string();
  });
}

Task<Result<bool>> SqliteUsageLedger::forget_step(WallTime now, std::int64_t retention_days) {
  return writer_.ask([now, kept_since = retention_start(now, retention_days)](SqliteConnection& connection) {
    return forget_some(connection, kept_since, now);
  });
}

}  // namespace obleth::adapters
