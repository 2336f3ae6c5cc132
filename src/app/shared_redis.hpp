// The Redis that this process shares with other replicas, as the options name it: reached by a dialer of its own, told
// in readiness, metrics and log.
//
// Made and destroyed on the main thread, before and after the loops; used from any thread.
#pragma once

#include <memory>

#include "adapters/os/dialer.hpp"
#include "adapters/os/resolver.hpp"
#include "adapters/redis/redis_server.hpp"
#include "app/options.hpp"
#include "observe/health.hpp"
#include "observe/metrics.hpp"

namespace obleth::app {

inline constexpr std::string_view redis_name = "redis";  // of the store, in metrics and readiness

class SharedRedis {
 public:
  struct Tellers {
    observe::Readiness& readiness;
    observe::Metrics& metrics;
  };
  // Null: none is configured. Fault: the authorities cannot be read.
  [[nodiscard]] static Result<std::unique_ptr<SharedRedis>> build(const Options& options, adapters::Resolver& resolver,
                                                                  Tellers tellers);

  // Fault: invalid, when a server answers whose eviction policy would forget what it is given. One that does not answer
  // is waited for by its links.
  [[nodiscard]] Result<void> refuse_forgetful();

 private:
  SharedRedis(const Options& options, adapters::Resolver& resolver, std::shared_ptr<const adapters::TlsCredentials> tls,
              Tellers tellers);

  adapters::Dialer dialer_;

 public:
  adapters::RedisServer server;
};

}  // namespace obleth::app
