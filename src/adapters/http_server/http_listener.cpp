#include "adapters/http_server/http_listener.hpp"

#include <algorithm>
#include <utility>

#include "base/ensure.hpp"
#include "observe/log.hpp"

namespace obleth::adapters {
namespace {

constexpr Duration complaint_period = std::chrono::minutes(1);

}  // namespace

Result<std::unique_ptr<HttpListener>> HttpListener::open(HttpServerSettings settings,
                                                         std::shared_ptr<const TlsCredentials> tls) {
  Result<ListeningSockets> sockets = listen_on(settings.address, settings.threads);
  if (!sockets) return fail(std::move(sockets.error()));
  return std::unique_ptr<HttpListener>(new HttpListener(std::move(settings), std::move(tls), std::move(*sockets)));
}

HttpListener::HttpListener(HttpServerSettings settings, std::shared_ptr<const TlsCredentials> tls,
                           ListeningSockets sockets)
    : settings_(std::move(settings)),
      tls_(std::move(tls)),
      address_(sockets.address),
      sockets_(std::move(sockets.sockets)) {}

FileDescriptor HttpListener::take_socket() {
  const std::lock_guard lock(mutex_);
  ensure(!sockets_.empty(), "a listener opens one socket per server");
  FileDescriptor socket = std::move(sockets_.back());
  sockets_.pop_back();
  return socket;
}

bool HttpListener::enter(const NetAddress& peer) {
  if (open_.fetch_add(1, std::memory_order_relaxed) >= settings_.connections_max) {
    open_.fetch_sub(1, std::memory_order_relaxed);
    return false;
  }
  if (settings_.connections_per_address_max == 0) return true;
  const std::lock_guard lock(mutex_);
  std::size_t& from_there = per_address_[peer.bytes()];
  if (from_there < settings_.connections_per_address_max) {
    ++from_there;
    return true;
  }
  open_.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

void HttpListener::leave(const NetAddress& peer) {
  open_.fetch_sub(1, std::memory_order_relaxed);
  if (settings_.connections_per_address_max == 0) return;
  const std::lock_guard lock(mutex_);
  const auto found = per_address_.find(peer.bytes());
  if (found != per_address_.end() && --found->second == 0) per_address_.erase(found);
}

void HttpListener::note_refused() {
  refused_.fetch_add(1, std::memory_order_relaxed);
  observe::log_once_per(complaint_period, observe::LogLevel::warn, "connections are refused: too many are open",
                        address_.text(), {{"bound", is_full() ? "all" : "one_address"}, {"open", open_connections()}});
}

bool HttpListener::trusts(const NetAddress& peer) const {
  return std::ranges::any_of(settings_.trusted_proxies, [&](const Cidr& range) { return range.contains(peer); });
}

}  // namespace obleth::adapters
