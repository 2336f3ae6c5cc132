#include "adapters/sqlite/sqlite_usage_ledger.hpp"

#include <exception>
#include <utility>
#include <vector>

#include "adapters/sqlite/duration_functions.hpp"
#include "adapters/sqlite/spending_table.hpp"
#include "adapters/sqlite/usage_schema.hpp"

namespace obleth::adapters {

SqliteUsageLedger::SqliteUsageLedger(const DatabaseFile& file)
    : writer_(file, batches_waiting_max), reader_(file, questions_waiting_max) {
  migrate(writer_.connection(), usage_migrations());
  // The log is cut back after a burst; the cache holds the upper part of the indices.
  writer_.connection().execute("PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -32768;");
  reader_.connection().execute("PRAGMA query_only = ON; PRAGMA cache_size = -32768;");
  define_duration_functions(writer_.connection());
  define_duration_functions(reader_.connection());
}

Result<std::unique_ptr<SqliteUsageLedger>> SqliteUsageLedger::open(const DatabaseFile& file) {
  try {
    return std::unique_ptr<SqliteUsageLedger>(new SqliteUsageLedger(file));
  } catch (...) {
    return fail(fault_of_thrown(std::current_exception()));
  }
}

// The rows are copied: the worker may still need them when whoever waits here is gone.
Task<Result<void>> SqliteUsageLedger::deliver(const ports::UsageBatch& batch) {
  std::vector<UsageRecord> rows(batch.rows.begin(), batch.rows.end());
  return writer_.ask([this, range = batch.range, rows = std::move(rows)](SqliteConnection& connection) mutable {
    static_cast<void>(delivery_.take(connection, range, rows));
  });
}

Task<Result<ports::Spending>> SqliteUsageLedger::spent(ports::SpendingAccount account, WallSpan span) {
  return reader_.ask([account, span](SqliteConnection& connection) { return spent_in(connection, account, span); });
}

}  // namespace obleth::adapters
