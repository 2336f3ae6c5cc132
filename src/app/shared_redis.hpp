// The Redis that this process shares with other replicas, as the options name it: reached by a dialer of its own, told
// in readiness, metrics and log.
//
// Made and destroyed on the main thread, before and after the loops; used from any thread.
#pragma once

#include <memory>

#include "adapters/os/dialer.hpp"
#include "adapters/os/resolver.hpp"
#include "adapters/os/tls_credentials.hpp"
#include "adapters/redis/redis_change_feed.hpp"
#include "adapters/redis/redis_key_tier.hpp"
#include "adapters/redis/redis_response_cache.hpp"
#include "adapters/redis/redis_server.hpp"
#include "app/options.hpp"
#include "observe/health.hpp"
#include "observe/metrics.hpp"
#include "ports/change_feed.hpp"
#include "ports/clock.hpp"
#include "ports/entropy.hpp"
#include "ports/record_store.hpp"

namespace obleth::app {

inline constexpr std::string_view redis_name = "redis";  // of the store, in metrics and readiness

class SharedRedis {
 public:
  struct Surroundings {
    adapters::Resolver& resolver;
    std::shared_ptr<const adapters::TlsCredentials> tls;
    observe::Readiness& readiness;
    observe::Metrics& metrics;
    ports::RecordStore& record;
    ports::ChangeFeed& local_feed;  // before anything else has subscribed to it
    ports::Entropy& entropy;
    ports::Clock& clock;
  };
  // options.redis_url is set.
  SharedRedis(const Options& options, const Surroundings& around);
  SharedRedis(const SharedRedis&) = delete;
  SharedRedis& operator=(const SharedRedis&) = delete;

  // The authorities that Redis is checked against. Fault: invalid, naming the file.
  [[nodiscard]] static Result<std::shared_ptr<adapters::TlsCredentials>> authorities(const Options& options) {
    return adapters::TlsCredentials::for_client(options.redis_ca);
  }
  // Fault: invalid, when a server answers whose eviction policy would forget what it is given. One that does not answer
  // is waited for by its links.
  [[nodiscard]] Result<void> refuse_forgetful();

 private:
  adapters::Dialer dialer_;

 public:
  adapters::RedisServer server;
  adapters::RedisKeyTier keys;
  adapters::RedisChangeFeed feed;
  adapters::RedisResponseCache responses;
};

}  // namespace obleth::app
