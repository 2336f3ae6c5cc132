#include "app/share_watch.hpp"

#include <algorithm>
#include <utility>

namespace obleth::app {
namespace {
constexpr Duration look_every = std::chrono::seconds(1);
// A look goes over all tenants that the scheduler knows: where they are very many it is taken less often, so that it
// never takes more than a twentieth of a core.
constexpr int rest_per_look = 19;
}  // namespace

void ShareWatch::start() {
  kept_at_ = loop_.now();
  spawn(watch());
}

Task<void> ShareWatch::watch() {
  while (true) {
    const Instant began = loop_.refresh_now();
    look();
    const Instant ended = loop_.refresh_now();
    const Duration rest = std::max(look_every, (ended - began) * rest_per_look);
    const bool came = co_await ports::Pause(loop_, ended + rest, &stop_);
    if (!came) co_return;
  }
}

void ShareWatch::look() {
  const Instant now = loop_.refresh_now();
  fairshare::Snapshot shares = house_.desk.snapshot(now);
  meter_.observe(shares);
  if (now - kept_at_ < fairshare::ShareHistory::period) return;
  kept_at_ = now;
  meter_.fill_in(shares);
  history_.keep(loop_.wall_now(), std::move(shares));
}

fairshare::Snapshot ShareWatch::snapshot() const {
  fairshare::Snapshot shares = house_.desk.snapshot(house_.clock.now());
  meter_.fill_in(shares);
  return shares;
}

}  // namespace obleth::app
