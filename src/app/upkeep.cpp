#include "app/upkeep.hpp"

#include <utility>

#include "gateway/endpoint_prober.hpp"
#include "observe/log.hpp"
#include "ports/spawn_on.hpp"

namespace obleth::app {
namespace {

constexpr Duration version_poll_period = std::chrono::seconds(5);
constexpr Duration record_retry_period = std::chrono::milliseconds(250);
constexpr Duration key_use_period = std::chrono::seconds(10);
constexpr Duration spending_period = std::chrono::seconds(10);
constexpr Duration retention_period = std::chrono::hours(1);
constexpr Duration retention_step_pause = std::chrono::milliseconds(200);  // deliveries come between the steps
constexpr Duration name_period = std::chrono::seconds(5);
constexpr Duration finish_max = std::chrono::seconds(5);  // a store's own deadlines are shorter
constexpr Duration complaint_period = std::chrono::minutes(1);
constexpr Duration obey_pause_max = std::chrono::seconds(1);

}  // namespace

void Upkeep::start(TenantNames& tenant_names) {
  house_.feed.subscribe([this](const ports::Change& change) { hear(change); });
  if (!house_.readiness.loaded()) spawn(await_record());
  spawn(look_for_changes());
  spawn(write_key_uses());
  if (house_.shared_budgets) spawn(keep_spending());
  spawn(probe());
  spawn(forget_old_usage());
  spawn(refresh_names(tenant_names));
}

Task<void> Upkeep::finish() {
  stop_.fire();
  Task<void> ended = tasks_.ended(loop_, finish_max);
  co_await ended;
}

// What this process changed is told on this loop, where the Management API runs; what another replica changed is told
// on the feed's own thread.
void Upkeep::hear(const ports::Change& change) {
  if (ports::Loop::current() == &loop_) return spawn(take_up(change));
  ports::spawn_on(loop_, take_up(change));
}

Task<void> Upkeep::take_up(ports::Change change) {
  changes_.add(change);
  Task<void> reading = read_disputed_keys();
  co_await reading;
}

Task<void> Upkeep::follow(ports::Change change) {
  if (stop_.fired()) co_return;
  const UnderWay::One task(tasks_);
  const Result<void> followed = co_await house_.follower.follow(std::move(change));
  if (followed) co_return;
  observe::log_once_per(complaint_period, observe::LogLevel::warn, "a change could not be read from the record",
                        followed.error().message);
  version_seen_ = 0;  // the poll reads everything anew
}

// While the record still answers: a key that it could not be asked about after news is refused.
Task<void> Upkeep::read_disputed_keys() {
  const UnderWay::One task(tasks_);
  const bool all_read = co_await house_.keys.read_disputed(stop_);
  has_unread_keys_ = !all_read;
}

Task<void> Upkeep::obeyed() {
  return changes_.followed(loop_, obey_pause_max);
}

Task<void> Upkeep::await_record() {
  const UnderWay::One task(tasks_);
  while (true) {
    const Result<void> loaded = co_await house_.load();
    if (loaded) break;
    const bool came = co_await ports::Pause(loop_, loop_.now() + record_retry_period, &stop_);
    if (!came) co_return;
  }
  observe::log(observe::LogLevel::info, "the record has been reached: the gateway is ready");
}

// The net under the change feed: a version that moved without news means that everything is read anew.
Task<void> Upkeep::look_for_changes() {
  const UnderWay::One task(tasks_);
  while (true) {
    const bool came = co_await ports::Pause(loop_, loop_.now() + version_poll_period, &stop_);
    if (!came) co_return;
    const std::uint64_t key_news = house_.redis ? house_.redis->keys.news_count() : 0;
    const Result<std::uint64_t> version = co_await house_.record->store().version();
    house_.readiness.set_store(house_.record->name(), version.has_value(), version ? "" : version.error().message);
    if (!version) {
      observe::log_once_per(complaint_period, observe::LogLevel::error, "the record does not answer",
                            version.error().message);
      continue;
    }
    if (house_.redis) house_.redis->keys.learn_version(*version, key_news);
    co_await house_.keys.poll_version();
    if (has_unread_keys_) spawn(read_disputed_keys());
    if (*version == version_seen_) continue;
    const Result<void> followed = co_await house_.follower.follow(ports::EverythingChanged{});
    if (followed) version_seen_ = *version;
  }
}

Task<void> Upkeep::write_key_uses() {
  const UnderWay::One task(tasks_);
  while (true) {
    const bool came = co_await ports::Pause(loop_, loop_.now() + key_use_period, &stop_);
    if (!came) co_return;
    co_await house_.keys.flush_uses();
  }
}

// Budgets that Redis told of: a rebuild knows them even where the ledger cannot be asked.
Task<void> Upkeep::keep_spending() {
  const UnderWay::One task(tasks_);
  while (true) {
    const bool came = co_await ports::Pause(loop_, loop_.now() + spending_period, &stop_);
    std::vector<ports::SpendingCheckpoint> told = house_.shared_budgets->spare.take_told();
    if (!told.empty()) {
      const Result<void> kept = co_await house_.record->checkpoints().keep_spending(std::move(told));
      if (!kept) {
        observe::log_once_per(complaint_period, observe::LogLevel::warn, "what budgets have come to could not be kept",
                              kept.error().message);
      }
    }
    if (!came) co_return;
  }
}

Task<void> Upkeep::probe() {
  const UnderWay::One task(tasks_);
  while (true) {
    const bool came = co_await ports::Pause(loop_, loop_.now() + gateway::probe_period, &stop_);
    if (!came) co_return;
    gateway::probe_endpoints({loop_, upstream_, house_.endpoints, stop_}, house_.catalog);
  }
}

Task<void> Upkeep::forget_old_usage() {
  const UnderWay::One task(tasks_);
  while (true) {
    const Result<bool> has_more =
        co_await house_.usage->forget_step(house_.clock.wall_now(), house_.options().usage_retention_days);
    if (!has_more) {
      observe::log_once_per(complaint_period, observe::LogLevel::warn, "old usage rows could not be removed",
                            has_more.error().message);
    }
    const bool goes_on = has_more && *has_more;
    const Duration pause = goes_on ? retention_step_pause : retention_period;
    const bool came = co_await ports::Pause(loop_, loop_.now() + pause, &stop_);
    if (!came) co_return;
  }
}

Task<void> Upkeep::refresh_names(TenantNames& tenant_names) {
  const UnderWay::One task(tasks_);
  while (true) {
    const fairshare::Snapshot snapshot = house_.desk.snapshot(loop_.now());
    co_await tenant_names.refresh(snapshot);
    const bool came = co_await ports::Pause(loop_, loop_.now() + name_period, &stop_);
    if (!came) co_return;
  }
}

}  // namespace obleth::app
