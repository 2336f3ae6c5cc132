#include "gateway/share_sync.hpp"

#include <algorithm>
#include <utility>

#include "observe/log.hpp"

namespace obleth::gateway {

void ShareSync::start() {
  if (knows_capacity_()) {
    join();
  } else {
    desk_.configure(fairshare::SetLease{.slots = 0}, loop_.refresh_now());
  }
  if (tell_) tell_(status());
  spawn(keep_sharing());
  spawn(keep_telling());
}

void ShareSync::join() {
  const Instant now = loop_.refresh_now();
  desk_.configure(share_.first_lease(desk_.capacity(), now), now);
  has_joined_ = true;
}

Task<void> ShareSync::keep_sharing() {
  while (!has_joined_) {
    const bool came = co_await ports::Pause(loop_, loop_.now() + urgent_period, &stop_);
    if (!came) co_return;
    if (knows_capacity_()) join();
  }
  while (true) {
    co_await take_turn();
    const Instant due = loop_.refresh_now() + turn_period;
    do {
      const bool came = co_await ports::Pause(loop_, std::min(due, loop_.now() + urgent_period), &stop_);
      if (!came) co_return;
    } while (loop_.now() < due && !is_urgent());
  }
}

// It is told to the others in the next turn at the latest; this is what is worth a turn of its own.
bool ShareSync::is_urgent() const {
  if (desk_.capacity() != told_capacity_) return true;
  if (status().degraded) return false;
  return share_.is_unsettled() || (!told_waiting_ && desk_.queued() > 0);
}

Task<void> ShareSync::take_turn() {
  in_turn_ = true;
  told_waiting_ = desk_.queued() > 0;
  fairshare::PoolView view = desk_.tell_pool();
  told_capacity_ = view.capacity;
  const Instant sent_at = loop_.refresh_now();
  // Fewer slots from here on; what is in flight after it is what the others are told.
  desk_.configure(share_.plan(std::move(view), sent_at), sent_at);
  ports::PeerReport report = share_.report(desk_.in_flight());
  Result<ports::PeerNews> news = co_await peers_.exchange(std::move(report));
  in_turn_ = false;
  silence_ = news ? std::string() : std::move(news.error().message);
  if (!news || stop_.fired()) co_return;
  ReplicaShare::Heard heard = share_.hear(std::move(*news), sent_at);
  const Instant now = loop_.refresh_now();
  if (!heard.foreign.costs.empty()) desk_.configure(std::move(heard.foreign), now);
  desk_.configure(heard.lease, now);
}

// Apart from the turns, of which one may hang for as long as the store's deadline is.
Task<void> ShareSync::keep_telling() {
  while (true) {
    const bool came = co_await ports::Pause(loop_, loop_.now() + turn_period, &stop_);
    if (!came) co_return;
    const ReplicaShare::Status now = status();
    log_change(now);
    if (tell_) tell_(now);
  }
}

void ShareSync::log_change(const ReplicaShare::Status& now) {
  if (now.starting || was_degraded_ == now.degraded) return;
  const bool is_first = !std::exchange(was_degraded_, now.degraded).has_value();
  if (now.degraded) {
    observe::log(observe::LogLevel::warn, "slots are not shared: this replica goes on with its part of the capacity",
                 {{"reason", silence_}, {"slots", now.lease}, {"replicas", now.replicas}});
  } else {
    observe::log(observe::LogLevel::info, is_first ? "slots are shared" : "slots are shared again",
                 {{"slots", now.lease}, {"replicas", now.replicas}});
  }
}

Task<void> ShareSync::leave() {
  stop_.fire();
  while (in_turn_) {
    const bool came = co_await ports::Pause(loop_, loop_.now() + urgent_period);
    static_cast<void>(came);  // nobody calls this pause off
  }
  desk_.configure(fairshare::SetLease{.slots = 0}, loop_.refresh_now());
  if (!has_joined_) co_return;
  ports::PeerReport farewell = share_.farewell(desk_.tell_pool());
  const Result<ports::PeerNews> heard = co_await peers_.exchange(std::move(farewell));
  static_cast<void>(heard);  // unheard, its part is free after a minute
}

}  // namespace obleth::gateway
