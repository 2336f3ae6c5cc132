// Where the usage ledger lives, by the settings: a SQLite file of this process, or a ClickHouse that replicas share.
//
// Made before any loop runs; end() while the loops still exist. Its parts: any thread.
#pragma once

#include <memory>
#include <string_view>

#include "adapters/os/resolver.hpp"
#include "app/options.hpp"
#include "base/result.hpp"
#include "observe/health.hpp"
#include "observe/metrics.hpp"
#include "ports/spending_book.hpp"
#include "ports/usage_ledger.hpp"
#include "ports/usage_sink.hpp"

namespace obleth::app {

class UsageHome {
 public:
  // Faults: a bad setting (named); a file that is not ours, or cannot be opened. A ClickHouse that is away is none.
  [[nodiscard]] static Result<std::unique_ptr<UsageHome>> open(const Options& options);
  virtual ~UsageHome() = default;

  // Before the first call; all three outlive this.
  virtual void start(adapters::Resolver& resolver, observe::Metrics& metrics, observe::Readiness& readiness) = 0;
  [[nodiscard]] virtual ports::UsageSink& sink() = 0;
  [[nodiscard]] virtual ports::SpendingBook& book() = 0;
  [[nodiscard]] virtual ports::UsageLedger& ledger() = 0;
  // One short step of removing what is older than retention_days, in whole months; false: nothing is left to do.
  virtual Task<Result<bool>> forget_step(WallTime now, std::int64_t retention_days) = 0;
  // It tells readiness by itself whether it answers.
  [[nodiscard]] virtual bool tells_of_itself() const = 0;
  // Ends its threads: nothing is answered any more.
  virtual void end() = 0;
};

}  // namespace obleth::app
