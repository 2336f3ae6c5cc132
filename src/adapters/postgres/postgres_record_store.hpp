// The record in a PostgreSQL database, shared by replicas.
//
// A call waits for its deadline at most; while the database is down it is refused at once. Writes of all replicas come
// one after another, each with its audit rows in one transaction. Thread: any. Destroy it before the loops whose tasks
// may wait for it.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "adapters/postgres/session_desk.hpp"
#include "adapters/sql/sql_record_store.hpp"

namespace obleth::adapters {

class PostgresRecordStore final : public SqlRecordStore<SessionDesk> {
 public:
  // A database that cannot be reached is no fault: it is tried again and again, and calls are refused meanwhile.
  // Fault: conflict, where it was written by a newer version.
  [[nodiscard]] static Result<std::unique_ptr<PostgresRecordStore>> open(PostgresAddress address,
                                                                         const ports::SecretSealer& sealer,
                                                                         DeskSettings settings = {});

  // Set before the first call.
  void watch_calls(SessionDesk::WatchCalls watch) { desk_.watch_calls(std::move(watch)); }
  void watch_health(SessionDesk::WatchHealth watch) { desk_.watch_health(std::move(watch)); }

  // NOTIFY of each, in order.
  Task<Result<void>> notify(std::string channel, std::vector<std::string> texts);

 private:
  PostgresRecordStore(PostgresAddress address, const ports::SecretSealer& sealer, DeskSettings settings);
};

}  // namespace obleth::adapters
