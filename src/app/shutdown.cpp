#include "app/shutdown.hpp"

#include "observe/log.hpp"

namespace obleth::app {
namespace {

constexpr Duration look_every = std::chrono::milliseconds(20);
constexpr Duration last_words = std::chrono::milliseconds(500);  // for error events to reach their clients

// True when the last connection went before the time was over.
Task<bool> empty_before(ports::Loop& loop, const adapters::HttpListener& listener, Instant deadline) {
  while (listener.open_connections() > 0) {
    if (loop.refresh_now() >= deadline) co_return false;
    const bool came = co_await ports::Pause(loop, loop.now() + look_every);
    static_cast<void>(came);  // nobody calls this pause off
  }
  co_return true;
}

}  // namespace

Task<void> shut_down(ports::Loop& loop, observe::Readiness& readiness, adapters::HttpListener& listener,
                     DataThreads& threads, ShutdownTimes times) {
  observe::log(observe::LogLevel::info, "draining: no longer ready, requests are still served");
  readiness.start_draining();
  listener.announce_closing();
  const bool noticed = co_await ports::Pause(loop, loop.now() + times.notice);
  static_cast<void>(noticed);
  readiness.stop_serving();
  for (auto& thread : threads)
    thread->tell([](DataThread& resident) { resident.drain(); });
  bool empty = co_await empty_before(loop, listener, loop.now() + times.grace);
  if (empty) co_return;
  observe::log(observe::LogLevel::warn, "the grace is over: running answers are broken off");
  for (auto& thread : threads)
    thread->tell([](DataThread& resident) { resident.break_off(); });
  empty = co_await empty_before(loop, listener, loop.now() + last_words);
  if (empty) co_return;
  for (auto& thread : threads)
    thread->tell([](DataThread& resident) { resident.close_all(); });
  empty = co_await empty_before(loop, listener, loop.now() + last_words);
  static_cast<void>(empty);  // what is left ends with the process
}

}  // namespace obleth::app
