// Idle keep-alive connections by where they lead, for one thread.
//
// A connection is given out again only while nothing has happened on it: a readable idle connection is dead. Bounded in
// number and in age; the newest is taken first, so that those beyond the need grow old. Thread: its loop's.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "adapters/os/epoll_loop.hpp"
#include "adapters/os/socket.hpp"
#include "base/instant.hpp"
#include "domain/upstream_address.hpp"

namespace obleth::adapters {

struct PoolLimits {
  std::size_t idle_per_origin_max = 256;
  Duration idle_lifetime = std::chrono::seconds(45);  // below the 60 s and more after which proxies hang up
  Duration sweep_every = std::chrono::seconds(10);
};

// The idle connections of one scheme, host and port.
struct UpstreamOrigin {
  struct Idle {
    std::unique_ptr<Socket> socket;
    Instant since;
  };
  std::vector<Idle> idle;  // oldest first
};

struct UpstreamConnection {
  std::shared_ptr<UpstreamOrigin> origin;
  std::unique_ptr<Socket> socket;
  bool reused = false;  // it came from the pool, so the upstream may have hung up meanwhile
};

class ConnectionPool final : private ports::Timer {
 public:
  ConnectionPool(EpollLoop& loop, PoolLimits limits) : loop_(loop), limits_(limits) {}
  ~ConnectionPool() { loop_.disarm(*this); }
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;

  // Without a socket when there is none.
  [[nodiscard]] UpstreamConnection take(const UpstreamAddress& address);
  // Of a connection that is made anew.
  [[nodiscard]] std::shared_ptr<UpstreamOrigin> origin_of(const UpstreamAddress& address);
  // An answer has been read to its end and the upstream keeps the connection open.
  void give(UpstreamConnection connection);

  [[nodiscard]] EpollLoop& loop() const { return loop_; }
  [[nodiscard]] const PoolLimits& limits() const { return limits_; }
  [[nodiscard]] std::size_t idle_count() const;

 private:
  struct Key {
    bool tls;
    std::uint16_t port;
    std::string host;
  };
  struct KeyView {
    bool tls;
    std::uint16_t port;
    std::string_view host;
  };
  struct KeyHash {
    using is_transparent = void;
    std::size_t operator()(const Key& key) const { return (*this)(KeyView{key.tls, key.port, key.host}); }
    std::size_t operator()(const KeyView& key) const {
      return std::hash<std::string_view>{}(key.host) * 31 + key.port * 2U + (key.tls ? 1U : 0U);
    }
  };
  struct KeyEqual {
    using is_transparent = void;
    bool operator()(const auto& a, const auto& b) const {
      return a.tls == b.tls && a.port == b.port && a.host == b.host;
    }
  };

  void expired() override;

  EpollLoop& loop_;
  const PoolLimits limits_;
  std::unordered_map<Key, std::shared_ptr<UpstreamOrigin>, KeyHash, KeyEqual> origins_;
};

}  // namespace obleth::adapters
