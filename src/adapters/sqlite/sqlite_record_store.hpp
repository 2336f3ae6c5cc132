// The record in one SQLite file: the embedded mode's store.
//
// Blocking work runs on one thread of its own with a bounded queue; a call from a loop suspends and resumes there. A
// call from a thread without a loop runs in place. A commit that was answered is on disk: a killed process loses
// nothing. Thread: any. Destroy it before the loops whose tasks may wait for it.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "adapters/sql/sql_record_store.hpp"
#include "adapters/sqlite/connection_desk.hpp"

namespace obleth::adapters {

class SqliteRecordStore final : public SqlRecordStore<ConnectionDesk> {
 public:
  static constexpr std::size_t queue_max = 1024;

  // Creates or migrates the file. Fault: it cannot be opened, is another program's, or a newer version's.
  [[nodiscard]] static Result<std::unique_ptr<SqliteRecordStore>> open(DatabaseFile file,
                                                                       const ports::SecretSealer& sealer);

  // Set before the first call.
  void watch_calls(ConnectionDesk::WatchCalls watch) { desk_.watch_calls(std::move(watch)); }

 private:
  SqliteRecordStore(DatabaseFile file, const ports::SecretSealer& sealer);
};

}  // namespace obleth::adapters
