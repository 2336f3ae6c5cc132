// For tests: the budget ledger of one loop of one obleth, over a real Redis.
#pragma once

#include <optional>

#include "adapters/memory/ledger_fixture_test.hpp"
#include "adapters/redis/redis_budget_ledger.hpp"
#include "adapters/redis/redis_process_test.hpp"

namespace obleth::adapters::testing {

inline RedisBudgetRules rules_of(ports::SpendingBook* book, std::uint32_t replicas = 1) {
  return {.book = book, .replicas = replicas, .uses_clock_of_process = true};
}

// One loop of one obleth.
struct Replica {
  Replica(LinkFloor& on, const RedisSettings& settings, const ports::Clock& clock, const RedisBudgetRules& rules)
      : floor(on),
        server(settings, floor.dialer),
        link(floor.loop, server),
        budgets(clock, rules),
        ledger(link, budgets) {
    turn_until(floor.loop, [this] { return link.is_up(); });
  }
  ~Replica() { link.close(); }

  ports::ReserveOutcome reserve(const ports::ReserveRequest& asked) {
    return run_on(floor.loop, ledger.reserve(asked));
  }
  // Until all is booked.
  void settle(const ports::SettleRequest& request) {
    ledger.settle(request);
    until_booked();
  }
  void until_booked() {
    turn_until(floor.loop, [this] { return ledger.bookings().waiting() == 0; });
  }
  std::optional<ports::BudgetStanding> standing(const ports::LimitedAccount& limits) {
    return run_on(floor.loop, ledger.standing({.tenant = tenant, .key = {}, .limits = limits, .timezone = "UTC"}));
  }

  LinkFloor& floor;
  RedisServer server;
  RedisLink link;
  RedisBudgets budgets;
  RedisBudgetLedger ledger;
};

}  // namespace obleth::adapters::testing
