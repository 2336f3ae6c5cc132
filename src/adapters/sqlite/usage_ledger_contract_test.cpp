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

// The ranges themselves are kept, so rows of a range that was delivered are not even looked at.
TEST(SqliteUsageRanges, RangeThatIsCoveredByDeliveredOnesIsNotTakenAgain) {
  const LedgerUnderTest store = in_a_folder();
  const auto deliver = [&](std::uint64_t begin, std::uint64_t end, const UsageRecord& row) {
    const std::vector<UsageRecord> rows{row};
    EXPECT_TRUE(store.sink->deliver({{{1, 1}, begin, end}, rows}).run_now());
  };
  deliver(2000, 3000, a_row(3));
  deliver(0, 1000, a_row(1));
  deliver(1000, 2000, a_row(2));
  // With rows that would show it.
  deliver(0, 3000, a_row(8));
  deliver(500, 2500, a_row(9));
  const auto spent = store.book->spent(nth_tenant(1), {{0}, {noon_ms * 2}}).run_now();
  EXPECT_EQ(spent->tokens, 3 * 150);
}

}  // namespace
}  // namespace obleth::adapters
