// One listening address, as all of its event loops share it: sockets, TLS, settings, counts, and whether it is closing.
//
// Opened at start; a server per loop takes one of its sockets. Any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "adapters/http_server/server_settings.hpp"
#include "adapters/os/listening_socket.hpp"
#include "adapters/os/tls_credentials.hpp"
#include "base/result.hpp"

namespace obleth::adapters {

class HttpListener {
 public:
  // tls: null = in the clear. Faults: those of listen_on.
  [[nodiscard]] static Result<std::unique_ptr<HttpListener>> open(HttpServerSettings settings,
                                                                  std::shared_ptr<const TlsCredentials> tls = nullptr);

  [[nodiscard]] const HttpServerSettings& settings() const { return settings_; }
  [[nodiscard]] const NetAddress& address() const { return address_; }  // with the port that was given for port 0
  [[nodiscard]] const TlsCredentials* tls() const { return tls_.get(); }
  [[nodiscard]] FileDescriptor take_socket();

  [[nodiscard]] std::size_t open_connections() const { return open_.load(std::memory_order_relaxed); }
  // Counts a connection; false when a bound is reached. Every true is matched by one leave().
  [[nodiscard]] bool enter(const NetAddress& peer);
  void leave(const NetAddress& peer);
  // As many are open as may be in all.
  [[nodiscard]] bool is_full() const { return open_connections() >= settings_.connections_max; }
  // Counts one that got no further, and says so in the log.
  void note_refused();
  [[nodiscard]] std::uint64_t refused_connections() const { return refused_.load(std::memory_order_relaxed); }

  // From now on every answer says Connection: close, and new connections are still served.
  void announce_closing() { closing_.store(true, std::memory_order_relaxed); }
  [[nodiscard]] bool is_closing() const { return closing_.load(std::memory_order_relaxed); }

  [[nodiscard]] bool trusts(const NetAddress& peer) const;

 private:
  HttpListener(HttpServerSettings settings, std::shared_ptr<const TlsCredentials> tls, ListeningSockets sockets);

  HttpServerSettings settings_;
  std::shared_ptr<const TlsCredentials> tls_;
  NetAddress address_;
  std::atomic<std::size_t> open_ = 0;
  std::atomic<std::uint64_t> refused_ = 0;
  std::atomic<bool> closing_ = false;
  std::mutex mutex_;  // guards the two below
  std::vector<FileDescriptor> sockets_;
  std::map<std::array<std::uint8_t, 16>, std::size_t> per_address_;  // only where that bound is set
};

}  // namespace obleth::adapters
