#include "adapters/postgres/session_desk.hpp"

#include <algorithm>

namespace obleth::adapters {
namespace {

constexpr Duration reason_wait = std::chrono::milliseconds(100);  // for why the attempt failed

}  // namespace

SessionDesk::SessionDesk(PostgresAddress address, Prepare prepare, DeskSettings settings)
    : address_(std::move(address)),
      prepare_(std::move(prepare)),
      settings_(settings),
      down_(store_fault(FaultKind::unavailable, "the database " + address_.shown() + " has not been reached yet")),
      pause_(settings.first_pause),
      next_attempt_(std::chrono::steady_clock::now()) {
  for (std::size_t thread = 0; thread < settings_.sessions; ++thread)
    threads_.emplace_back([this, thread] { work(thread == 0); });
}

SessionDesk::~SessionDesk() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_)
    thread.join();
}

Result<void> SessionDesk::first_attempt() {
  std::unique_lock lock(mutex_);
  // What connecting itself keeps to, but for a name that libpq looks up.
  const bool ended =
      changed_.wait_for(lock, settings_.deadlines.connect + reason_wait, [this] { return reached_ || attempted_; });
  if (ended) changed_.wait(lock, [this] { return attempted_; });
  if (down_) return fail(*down_);
  return {};
}

void SessionDesk::watch_health(WatchHealth watch) {
  std::unique_lock lock(mutex_);
  watch_health_ = std::move(watch);
  const std::optional<Fault> down = down_;
  lock.unlock();
  watch_health_(!down, down.value_or(Fault{}));
}

Result<void> SessionDesk::submit(Job job) {
  const std::lock_guard lock(mutex_);
  if (down_) return fail(*down_);
  if (queue_.size() >= settings_.queue_max) {
    return fail(store_fault(FaultKind::unavailable, "too many queries wait for the database"));
  }
  queue_.push_back(std::move(job));
  changed_.notify_all();
  return {};
}

// One of the threads mends: while the database is down it tries to reach it, and no other does.
void SessionDesk::work(bool mends) {
  PostgresSession session(address_, settings_.deadlines);
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (down_ && mends) {
      if (std::chrono::steady_clock::now() < next_attempt_) {
        changed_.wait_until(lock, next_attempt_);
        continue;
      }
      lock.unlock();
      mend(session);
      lock.lock();
      continue;
    }
    if (down_) session.disconnect();
    if (queue_.empty()) {
      changed_.wait(lock);
      continue;
    }
    Job job = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    job(&session, Fault{});
    job = nullptr;
    lock.lock();
    if (down_ || session.connected()) continue;
    lock.unlock();
    static_cast<void>(reach(session));  // was that statement slow, or is the database away?
    lock.lock();
  }
}

Result<void> SessionDesk::reach(PostgresSession& session) {
  try {
    session.connect();
    return {};
  } catch (...) {
    session.disconnect();
    const Fault fault = fault_of_thrown(std::current_exception());
    go_down(fault);
    return fail(fault);
  }
}

void SessionDesk::mend(PostgresSession& session) {
  try {
    session.disconnect();
    session.connect();
    note_reached();
    prepare_(session);
    come_up();
  } catch (...) {
    session.disconnect();
    go_down(fault_of_thrown(std::current_exception()));
  }
}

void SessionDesk::note_reached() {
  const std::lock_guard lock(mutex_);
  reached_ = true;
  changed_.notify_all();
}

void SessionDesk::come_up() {
  std::unique_lock lock(mutex_);
  down_.reset();
  attempted_ = true;
  pause_ = settings_.first_pause;
  const WatchHealth watch = watch_health_;
  lock.unlock();
  changed_.notify_all();
  if (watch) watch(true, Fault{});
}

void SessionDesk::go_down(const Fault& why) {
  std::unique_lock lock(mutex_);
  const bool is_news = !down_ || down_->message != why.message;
  down_ = why;
  attempted_ = true;
  next_attempt_ = std::chrono::steady_clock::now() + pause_;
  pause_ = std::min(pause_ * 2, settings_.pause_max);
  std::deque<Job> refused = std::exchange(queue_, {});
  const WatchHealth watch = watch_health_;
  lock.unlock();
  changed_.notify_all();
  for (Job& job : refused)
    job(nullptr, why);
  if (watch && is_news) watch(false, why);
}

}  // namespace obleth::adapters
