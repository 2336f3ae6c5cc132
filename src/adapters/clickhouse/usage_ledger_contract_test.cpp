#include "adapters/clickhouse/test_clickhouse_test.hpp"
#include "ports/usage_reading_contract_test.hpp"
#include "ports/usage_sink_contract_test.hpp"

namespace obleth::adapters {
namespace {

LedgerUnderTest in_a_fresh_database() {
  const auto place = std::make_shared<LedgerOnALoop>(test_clickhouse().settings(test_clickhouse().database()));
  ClickHouseUsageLedger* const ledger = &place->ledger();
  return {.whole = place, .sink = ledger, .book = ledger, .ledger = ledger};
}

INSTANTIATE_TEST_SUITE_P(ClickHouse, UsageLedgerContract, testing::Values(LedgerFactory{in_a_fresh_database}));
INSTANTIATE_TEST_SUITE_P(ClickHouse, UsageReadingContract, testing::Values(LedgerFactory{in_a_fresh_database}));

}  // namespace
}  // namespace obleth::adapters
