// Where the record lives and how its changes are told, by the settings: a SQLite file of this process, or a PostgreSQL
// database that replicas share.
//
// Made before any loop runs; end() while the loops still exist. Its parts: any thread.
#pragma once

#include <memory>
#include <string_view>

#include "adapters/os/resolver.hpp"
#include "app/options.hpp"
#include "base/result.hpp"
#include "base/strong_id.hpp"
#include "observe/health.hpp"
#include "observe/metrics.hpp"
#include "ports/change_feed.hpp"
#include "ports/record_store.hpp"
#include "ports/secret_sealer.hpp"
#include "ports/spending_checkpoints.hpp"

namespace obleth::app {

class RecordHome {
 public:
  // Faults: a bad setting (named); a store that is not ours, was written by a newer version, or, where it is a file,
  // cannot be opened. The resolver outlives it.
  [[nodiscard]] static Result<std::unique_ptr<RecordHome>> open(const Options& options,
                                                                const ports::SecretSealer& sealer,
                                                                adapters::Resolver& resolver);
  virtual ~RecordHome() = default;

  [[nodiscard]] virtual std::string_view name() const = 0;  // in metrics and readiness
  [[nodiscard]] virtual ports::RecordStore& store() = 0;
  // Of budgets that Redis keeps; in the store.
  [[nodiscard]] virtual ports::SpendingCheckpoints& checkpoints() = 0;
  // From here on changes are told to other replicas, and theirs to this process, through the record itself, where it
  // can do that. local outlives this; replica is this process.
  virtual void tell_replicas(ports::ChangeFeed& local, Bits128 replica) = 0;
  // Where a change is published for all of them; null: the record tells nobody.
  [[nodiscard]] virtual ports::ChangeFeed* shared_feed() = 0;
  // A server that is away at the start is awaited; a file that cannot be read is a fault.
  [[nodiscard]] virtual bool is_awaited() const = 0;
  // How long calls take, and whether there are answers. Both outlive this. Before the first call.
  virtual void watch(observe::Metrics& metrics, observe::Readiness& readiness) = 0;
  // Ends its threads: nobody is called, and nothing is answered, any more.
  virtual void end() = 0;
};

}  // namespace obleth::app
