// What the gateway does by the clock: looks for missed changes, writes down when keys were used, probes endpoints.
//
// Runs on the administration loop until it is told to finish.
#pragma once

#include "app/change_queue.hpp"
#include "app/house.hpp"
#include "app/tenant_names.hpp"
#include "app/under_way.hpp"
#include "base/cancel_signal.hpp"
#include "ports/loop.hpp"
#include "ports/upstream.hpp"

namespace obleth::app {

class Upkeep {
 public:
  Upkeep(ports::Loop& loop, House& house, ports::Upstream& upstream)
      : loop_(loop), house_(house), upstream_(upstream) {}

  void start(TenantNames& tenant_names);
  // Tells it to stop, and waits for what it has asked a store already, though not for ever.
  Task<void> finish();
  // Ends when every change that was heard before is obeyed; or when none has been for a second: the record does not
  // answer.
  [[nodiscard]] Task<void> obeyed();

 private:
  void hear(const ports::Change& change);
  Task<void> take_up(ports::Change change);
  Task<void> follow(ports::Change change);
  Task<void> read_disputed_keys();
  Task<void> await_record();
  Task<void> look_for_changes();
  Task<void> write_key_uses();
  Task<void> keep_spending();
  Task<void> probe();
  Task<void> forget_old_usage();
  Task<void> refresh_names(TenantNames& tenant_names);

  ports::Loop& loop_;
  House& house_;
  ports::Upstream& upstream_;
  CancelSignal stop_;
  std::uint64_t version_seen_ = 0;
  bool has_unread_keys_ = false;  // the record did not answer when it was asked for them
  UnderWay tasks_;                // of those above
  ChangeQueue changes_{[this](ports::Change change) { return follow(std::move(change)); }};
};

}  // namespace obleth::app
