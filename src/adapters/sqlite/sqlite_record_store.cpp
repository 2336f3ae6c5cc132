#include "adapters/sqlite/sqlite_record_store.hpp"

#include <exception>
#include <utility>

#include "adapters/sql/resealing.hpp"
#include "adapters/sqlite/migrations.hpp"

namespace obleth::adapters {

SqliteRecordStore::SqliteRecordStore(DatabaseFile file, const ports::SecretSealer& sealer)
    : SqlRecordStore(sealer, std::move(file), queue_max) {
  migrate(desk_.connection(), record_migrations());
  reseal_credentials(desk_.connection(), sealer_);
}

Result<std::unique_ptr<SqliteRecordStore>> SqliteRecordStore::open(DatabaseFile file,
                                                                   const ports::SecretSealer& sealer) {
  try {
    return std::unique_ptr<SqliteRecordStore>(new SqliteRecordStore(std::move(file), sealer));
  } catch (...) {
    return fail(fault_of_thrown(std::current_exception()));
  }
}

}  // namespace obleth::adapters
