// The Redis that this process uses: where it is, how a connection to its master is opened, and how it fares.
//
// Shared by every loop's link. Any thread; it outlives its links.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "adapters/os/dialer.hpp"
#include "adapters/redis/redis_session.hpp"
#include "adapters/redis/redis_settings.hpp"
#include "base/result.hpp"
#include "base/task.hpp"

namespace obleth::adapters {

// Both on any thread; quick.
struct RedisWatch {
  // The server is up when every link is; the reason says why not, for a person. Told once per change.
  std::function<void(bool up, std::string_view reason)> state;
  std::function<void(std::string_view operation, Duration took)> call;
};

class RedisLink;

class RedisServer {
 public:
  RedisServer(RedisSettings settings, const Dialer& dialer, RedisWatch watch = {});
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  [[nodiscard]] const RedisSettings& settings() const { return settings_; }
  // "prefix:rest"
  [[nodiscard]] std::string key(std::string_view rest) const;

  // A connection to the master, authenticated, its database selected, and a first script run on it. Faults:
  // unreachable, timed_out (nobody answers); forbidden (the password, or what the user may do); invalid (the eviction
  // policy, which the operator has to mend first); unavailable (a replica, loading, out of memory).
  [[nodiscard]] Task<Result<std::unique_ptr<RedisSession>>> open(EpollLoop& loop);

  // The link of a loop, for those who are shared by loops and asked on one of them; null where there is none.
  [[nodiscard]] RedisLink* link_of(const ports::Loop* loop);

  // What links tell of themselves.
  void link_made(RedisLink& link);
  void link_ended(RedisLink& link, bool was_up);
  void link_is_up();
  void link_is_down(bool was_up, const std::string& reason);
  void call_took(std::string_view operation, Duration took) const;

 private:
  [[nodiscard]] Task<Result<HostAndPort>> find_master(EpollLoop& loop, Instant deadline);
  [[nodiscard]] Task<Result<HostAndPort>> ask_sentinel(EpollLoop& loop, HostAndPort sentinel, Instant deadline);
  void tell(bool up, std::string_view reason);

  const RedisSettings settings_;
  const Dialer& dialer_;
  const RedisWatch watch_;

  std::mutex mutex_;  // guards what follows; the watch is called under it, so that what it is told comes in order
  std::unordered_map<const ports::Loop*, RedisLink*> links_;
  int links_up_ = 0;
  bool told_ = false;
  bool told_up_ = false;
  std::string told_reason_;
};

}  // namespace obleth::adapters
