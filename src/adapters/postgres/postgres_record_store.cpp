#include "adapters/postgres/postgres_record_store.hpp"

#include "adapters/postgres/record_schema.hpp"
#include "adapters/sql/query.hpp"
#include "adapters/sql/resealing.hpp"

namespace obleth::adapters {

PostgresRecordStore::PostgresRecordStore(PostgresAddress address, const ports::SecretSealer& sealer,
                                         DeskSettings settings)
    : SqlRecordStore(
          sealer, std::move(address),
          [&sealer](PostgresSession& session) {
            migrate_record(session);
            reseal_credentials(session, sealer);
          },
          settings) {}

Result<std::unique_ptr<PostgresRecordStore>> PostgresRecordStore::open(PostgresAddress address,
                                                                       const ports::SecretSealer& sealer,
                                                                       DeskSettings settings) {
  std::unique_ptr<PostgresRecordStore> store(new PostgresRecordStore(std::move(address), sealer, settings));
  const Result<void> reached = store->desk_.first_attempt();
  if (!reached && reached.error().kind == FaultKind::conflict) return fail(reached.error());
  return store;
}

Task<Result<void>> PostgresRecordStore::notify(std::string channel, std::vector<std::string> texts) {
  auto tell_all = [channel = std::move(channel), texts = std::move(texts)](SqlSession& session) {
    for (const std::string& text : texts) {
      Query tell(session, "SELECT 1 FROM pg_notify(?, ?)");
      tell.bind(channel).bind(text).run();
    }
  };
  return desk_.ask(std::move(tell_all), "notify");
}

}  // namespace obleth::adapters
