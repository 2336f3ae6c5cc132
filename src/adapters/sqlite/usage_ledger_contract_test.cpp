#include "adapters/sqlite/sqlite_usage_ledger.hpp"
#include "base/temporary_folder_test.hpp"
#include "ports/usage_reading_contract_test.hpp"
#include "ports/usage_sink_contract_test.hpp"

namespace obleth::adapters {
namespace {

struct LedgerInAFolder {
  TemporaryFolder folder;
  std::unique_ptr<SqliteUsageLedger> ledger;
};

LedgerUnderTest in_a_folder() {
  const auto place = std::make_shared<LedgerInAFolder>();
  place->ledger = std::move(*SqliteUsageLedger::open({.path = place->folder.file("usage.db")}));
  SqliteUsageLedger* const ledger = place->ledger.get();
  return {.whole = place, .sink = ledger, .book = ledger, .ledger = ledger};
}

INSTANTIATE_TEST_SUITE_P(Sqlite, UsageLedgerContract, testing::Values(LedgerFactory{in_a_folder}));
INSTANTIATE_TEST_SUITE_P(Sqlite, UsageReadingContract, testing::Values(LedgerFactory{in_a_folder}));

}  // namespace
}  // namespace obleth::adapters
