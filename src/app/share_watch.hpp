// Looks at the scheduler once a second, so that shares can be told of the last seconds and the last hours.
//
// Runs on the administration loop until it is told to stop; its answers belong to that loop's thread.
#pragma once

#include "app/house.hpp"
#include "base/cancel_signal.hpp"
#include "core/fairshare/share_history.hpp"
#include "core/fairshare/share_meter.hpp"
#include "ports/loop.hpp"

namespace obleth::app {

class ShareWatch {
 public:
  ShareWatch(ports::Loop& loop, House& house) : loop_(loop), house_(house) {}

  void start();
  void stop() { stop_.fire(); }

  // Now, with the shares of the last seconds.
  [[nodiscard]] fairshare::Snapshot snapshot() const;
  [[nodiscard]] const fairshare::ShareHistory& history() const { return history_; }

 private:
  Task<void> watch();
  void look();

  ports::Loop& loop_;
  House& house_;
  CancelSignal stop_;
  fairshare::ShareMeter meter_;
  fairshare::ShareHistory history_;
  Instant kept_at_;
};

}  // namespace obleth::app
