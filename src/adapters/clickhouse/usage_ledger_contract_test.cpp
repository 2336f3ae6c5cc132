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

// The same ledger, whose closed days are rolled up between the deliveries and before it is asked.
class RolledUp final : public ports::UsageSink, public ports::UsageLedger {
 public:
  explicit RolledUp(ClickHouseUsageLedger& ledger) : ledger_(ledger) {}

  Task<Result<void>> deliver(ports::UsageBatch batch) override {
    const Result<bool> rolled_up = ledger_.tidy_step({}, 1).run_now();
    EXPECT_TRUE(rolled_up) << (rolled_up ? "" : rolled_up.error().message);
    is_rolled_up_ = false;
    return ledger_.deliver(std::move(batch));
  }
  Task<Result<ports::UsageSums>> summary(ports::UsageScope scope) override { return now().summary(std::move(scope)); }
  Task<Result<std::vector<ports::UsageShare>>> division(ports::UsageScope scope, ports::UsageDimension by,
                                                        std::size_t groups_max) override {
    return now().division(std::move(scope), by, groups_max);
  }
  Task<Result<std::vector<ports::UsageLine>>> series(ports::UsageScope scope, ports::UsageBucket bucket,
                                                     std::optional<ports::UsageDimension> by,
                                                     std::size_t groups_max) override {
    return now().series(std::move(scope), bucket, by, groups_max);
  }
  Task<Result<ports::UsageRows>> rows(ports::UsageRowsRequest request) override {
    return ledger_.rows(std::move(request));
  }
  Task<Result<std::optional<UsageRecord>>> row(EventId id) override { return ledger_.row(id); }
  Task<Result<std::optional<TenantId>>> tenant_named(std::string name) override {
    return ledger_.tenant_named(std::move(name));
  }
  Task<Result<std::string>> name_of_tenant(TenantId id) override { return ledger_.name_of_tenant(id); }

 private:
  // The server's clock tells seconds: a day whose rows came in this one is rolled up in the next.
  ClickHouseUsageLedger& now() {
    is_rolled_up_ = is_rolled_up_ || seen_in_time([this] {
                      const Result<bool> more = ledger_.tidy_step({}, 1).run_now();
                      EXPECT_TRUE(more) << (more ? "" : more.error().message);
                      return !more || !*more;
                    });
    return ledger_;
  }
  ClickHouseUsageLedger& ledger_;
  bool is_rolled_up_ = false;
};

LedgerUnderTest rolled_up_in_a_fresh_database() {
  struct Whole {
    LedgerOnALoop place{test_clickhouse().settings(test_clickhouse().database())};
    RolledUp rolled_up{place.ledger()};
  };
  const auto whole = std::make_shared<Whole>();
  return {.whole = whole, .sink = &whole->rolled_up, .book = &whole->place.ledger(), .ledger = &whole->rolled_up};
}

INSTANTIATE_TEST_SUITE_P(RolledUpInClickHouse, UsageReadingContract,
                         testing::Values(LedgerFactory{rolled_up_in_a_fresh_database}));
INSTANTIATE_TEST_SUITE_P(ClickHouse, UsageLedgerContract, testing::Values(LedgerFactory{in_a_fresh_database}));
INSTANTIATE_TEST_SUITE_P(ClickHouse, UsageReadingContract, testing::Values(LedgerFactory{in_a_fresh_database}));

}  // namespace
}  // namespace obleth::adapters
