#include "app/shared_redis.hpp"

#include <optional>
#include <string>
#include <utility>

#include "observe/log.hpp"

namespace obleth::app {
namespace {

adapters::RedisSettings settings_of(const Options& options) {
  adapters::RedisSettings settings{.address = *options.redis_url,
                                   .sentinels = options.redis_sentinels,
                                   .sentinel_password = options.redis_sentinel_password,
                                   .prefix = options.redis_prefix,
                                   .call_max = options.redis_timeout};
  if (!options.redis_user.empty()) settings.address.user = options.redis_user;
  if (!options.redis_password.empty()) settings.address.password = options.redis_password;
  return settings;
}

adapters::RedisWatch watch_of(observe::Readiness& readiness, observe::Metrics& metrics) {
  readiness.set_store(redis_name, false, "no connection has been made yet");
  const auto state = [&readiness, before = std::optional<bool>()](bool up, std::string_view reason) mutable {
    readiness.set_store(redis_name, up, reason);
    if (std::exchange(before, up) == up) return;  // down as before, for another reason
    if (up) {
      observe::log(observe::LogLevel::info, "Redis answers");
    } else {
      observe::log(observe::LogLevel::error, "Redis is away; requests go on without it", {{"reason", reason}});
    }
  };
  const auto call = [&metrics](std::string_view operation, Duration took) {
    metrics.record_store_call(redis_name, operation, took);
  };
  return {.state = state, .call = call};
}

}  // namespace

// The operator named this address: private networks are where a Redis belongs.
SharedRedis::SharedRedis(const Options& options, const Surroundings& around)
    : dialer_(around.resolver, adapters::AddressPolicy{}, around.tls),
      server(settings_of(options), dialer_, watch_of(around.readiness, around.metrics)),
      keys(server, around.record, around.local_feed, options.key_fresh),
      feed(server, around.local_feed, to_hex32(around.entropy.bits128())),
      responses(server, around.clock, options.cache_redis_max) {}

Result<void> SharedRedis::refuse_forgetful() {
  adapters::EpollLoop loop;
  ports::Loop::set_current(&loop);
  std::optional<Result<std::unique_ptr<adapters::RedisSession>>> opened;
  spawn([](adapters::RedisServer& from, adapters::EpollLoop& on, auto& into) -> Task<void> {
    auto session = co_await from.open(on);
    into.emplace(std::move(session));
  }(server, loop, opened));
  while (!opened)
    loop.turn(Duration::max());
  if (*opened || opened->error().kind != FaultKind::invalid) return {};
  return fail(std::move(opened->error()));
}

}  // namespace obleth::app
