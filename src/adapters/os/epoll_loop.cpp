#include "adapters/os/epoll_loop.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <ctime>

#include <algorithm>
#include <array>
#include <utility>

#include "base/ensure.hpp"

namespace obleth::adapters {
namespace {

Instant monotonic_now() {
  timespec at{};
  clock_gettime(CLOCK_MONOTONIC, &at);
  return Instant(std::chrono::seconds(at.tv_sec) + std::chrono::nanoseconds(at.tv_nsec));
}

// Rounded up, so that a timer is never looked at just before it is due; and short enough for an int.
int rounded_up_ms(Duration span) {
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(std::min<Duration>(span, std::chrono::hours(1)));
  return static_cast<int>(std::max<std::int64_t>(ms.count(), 0));
}

}  // namespace

EpollLoop::EpollLoop() : epoll_(epoll_create1(EPOLL_CLOEXEC)), wake_up_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  ensure(epoll_.is_open() && wake_up_.is_open(), "an event loop needs two descriptors");
  epoll_event event{.events = EPOLLIN | EPOLLET, .data = {.ptr = nullptr}};
  ensure(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_up_.get(), &event) == 0, "epoll takes an eventfd");
  now_ = monotonic_now();
}

EpollLoop::~EpollLoop() {
  if (ports::Loop::current() == this) ports::Loop::set_current(nullptr);
}

Instant EpollLoop::refresh_now() {
  now_ = monotonic_now();
  return now_;
}

WallTime EpollLoop::wall_now() const {
  timespec at{};
  clock_gettime(CLOCK_REALTIME_COARSE, &at);
  return WallTime{std::int64_t{at.tv_sec} * 1000 + at.tv_nsec / 1'000'000};
}

bool EpollLoop::watch(int fd, std::uint32_t events, FdWatcher& watcher) {
  epoll_event event{.events = events | EPOLLET, .data = {.ptr = &watcher}};
  return epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

// Under the mutex, so that whoever stops a loop or posts to it is done with it before the loop can end.
void EpollLoop::wake_if_asleep() {
  if (!std::exchange(asleep_, false)) return;
  const std::uint64_t one = 1;
  // The counter is never read: each write is a new edge, and it cannot overflow in the life of a machine.
  [[maybe_unused]] const ssize_t written = ::write(wake_up_.get(), &one, sizeof one);
}

void EpollLoop::post(std::coroutine_handle<> resume_here) {
  const std::lock_guard lock(mutex_);
  posted_.push_back(resume_here);
  wake_if_asleep();
}

void EpollLoop::submit(std::move_only_function<void()> work) {
  const std::lock_guard lock(mutex_);
  submitted_.push_back(std::move(work));
  wake_if_asleep();
}

void EpollLoop::stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  wake_if_asleep();
}

int EpollLoop::sleep_ms(Duration sleep_max) {
  if (!ahead_.empty() || !soon_.empty() || !turn_end_.empty()) return 0;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || !posted_.empty() || !submitted_.empty()) return 0;
    asleep_ = true;
  }
  const Instant next = timers_.next_look();
  if (next == Instant::distant_future() && sleep_max == Duration::max()) return -1;
  return rounded_up_ms(std::min(sleep_max, next - now_));
}

bool EpollLoop::take_posted() {
  bool goes_on = true;
  {
    const std::lock_guard lock(mutex_);
    asleep_ = false;
    goes_on = !stopping_;
    posted_batch_.swap(posted_);
    submitted_batch_.swap(submitted_);
  }
  for (const std::coroutine_handle<> posted : posted_batch_)
    posted.resume();
  for (std::move_only_function<void()>& work : submitted_batch_)
    work();
  posted_batch_.clear();
  submitted_batch_.clear();
  return goes_on;
}

bool EpollLoop::turn(Duration sleep_max) {
  std::array<epoll_event, events_per_turn_max> events;  // not zeroed: the kernel says how many it filled
  const int count = epoll_wait(epoll_.get(), events.data(), events_per_turn_max, sleep_ms(sleep_max));
  refresh_now();
  for (int at = 0; at < count; ++at) {
    const epoll_event& event = events[static_cast<std::size_t>(at)];
    if (event.data.ptr != nullptr) static_cast<FdWatcher*>(event.data.ptr)->fd_ready(event.events);
  }
  // Everything from here on may destroy watchers, and none is looked at any more.
  run_scheduled();
  const bool goes_on = take_posted();
  timers_.expire(now_);
  run_scheduled();
  if (!turn_end_.empty()) turn_end_.run_all();
  return goes_on;
}

void EpollLoop::run_scheduled() {
  running_.take(ahead_);
  running_.take(soon_);
  while (!running_.empty()) {
    running_.run_first();
    if (writes_gathered_ >= writes_gathered_max) run_writes();
  }
  run_writes();
}

void EpollLoop::run_with_writes(LoopItem& item) {
  writes_.push(item);
  ++writes_gathered_;
}

void EpollLoop::run_writes() {
  writes_gathered_ = 0;
  while (!writes_.empty())
    writes_.run_first();
}

void EpollLoop::run() {
  ports::Loop* const former = ports::Loop::current();
  ports::Loop::set_current(this);
  refresh_now();
  while (turn(Duration::max())) {
  }
  turn(Duration::zero());  // what was posted before stop() still runs
  {
    const std::lock_guard lock(mutex_);
    stopping_ = false;
  }
  ports::Loop::set_current(former);
}

}  // namespace obleth::adapters
