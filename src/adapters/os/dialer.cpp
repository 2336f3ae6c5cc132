#include "adapters/os/dialer.hpp"

#include <netinet/tcp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "adapters/os/tls_socket.hpp"

namespace obleth::adapters {
namespace {

// What to make of a descriptor: a socket in the clear, or one for TLS with that server name.
struct Transport {
  const TlsCredentials* tls = nullptr;
  const std::string* server_name = nullptr;
};

std::unique_ptr<Socket> make_socket(EpollLoop& loop, FileDescriptor fd, Transport transport) {
  if (transport.tls == nullptr) return std::make_unique<Socket>(loop, std::move(fd));
  return std::make_unique<TlsSocket>(loop, std::move(fd), *transport.tls, *transport.server_name);
}

// The kernel decides later; nullopt with errno when it refuses at once.
std::optional<FileDescriptor> begin_connect(const NetAddress& address) {
  FileDescriptor fd(::socket(address.is_v6() ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.is_open()) return std::nullopt;
  const int on = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const NetAddress::Raw raw = address.raw();
  if (::connect(fd.get(), raw.get(), raw.length) != 0 && errno != EINPROGRESS) return std::nullopt;
  return fd;
}

Fault connect_fault(const NetAddress& address, int error) {
  std::string message = "cannot connect to " + address.text() + ": " + std::strerror(error);
  if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM || error == EADDRNOTAVAIL) {
    return {FaultKind::exhausted, FaultSource::us, true, std::move(message), {}};
  }
  return upstream_fault(FaultKind::unreachable, std::move(message), true);
}

Task<Result<std::unique_ptr<Socket>>> connect_to_one(EpollLoop& loop, NetAddress address, Transport transport,
                                                     DialLimits limits) {
  std::optional<FileDescriptor> fd = begin_connect(address);
  if (!fd) co_return fail(connect_fault(address, errno));
  std::unique_ptr<Socket> socket = make_socket(loop, std::move(*fd), transport);
  if (!socket->is_open()) co_return fail(connect_fault(address, ENOBUFS));
  Result<void> connected = co_await socket->connected(limits.deadline, limits.cancel);
  if (!connected) {
    Fault fault = std::move(connected.error());
    fault.message = "cannot connect to " + address.text() + ": " + fault.message;
    co_return fail(std::move(fault));
  }
  co_return std::move(socket);
}

Task<Result<std::unique_ptr<Socket>>> connect_to_any(EpollLoop& loop, std::span<const NetAddress> addresses,
                                                     Transport transport, DialLimits limits) {
  Fault last = upstream_fault(FaultKind::unreachable, "there is no address to connect to", false);
  for (std::size_t at = 0; at < addresses.size(); ++at) {
    const Instant now = loop.now();
    const auto untried = static_cast<std::int64_t>(addresses.size() - at);
    const Duration share = std::max(limits.deadline - now, Duration::zero()) / untried;
    const DialLimits mine{now + share, limits.cancel};
    Result<std::unique_ptr<Socket>> attempt = co_await connect_to_one(loop, addresses[at], transport, mine);
    if (attempt) co_return std::move(attempt);
    last = std::move(attempt.error());
    if (last.kind == FaultKind::cancelled) break;
  }
  co_return fail(std::move(last));
}

void drop_refused(Resolver::Addresses& addresses, const AddressPolicy& policy) {
  std::erase_if(addresses, [&](const NetAddress& address) { return is_refused_address(address, policy); });
}

}  // namespace

Task<Result<std::unique_ptr<Socket>>> connect_to(EpollLoop& loop, std::span<const NetAddress> addresses,
                                                 DialLimits limits) {
  return connect_to_any(loop, addresses, Transport{}, limits);
}

Dialer::Dialer(Resolver& resolver, AddressPolicy policy, std::shared_ptr<const TlsCredentials> tls)
    : resolver_(resolver), policy_(std::move(policy)), tls_(std::move(tls)) {}

Task<Result<std::unique_ptr<Socket>>> Dialer::dial(EpollLoop& loop, const std::string& host, std::uint16_t port,
                                                   bool use_tls, DialLimits limits) const {
  Result<Resolver::Addresses> found = co_await resolver_.resolve(loop, host, port, limits.deadline, limits.cancel);
  if (!found) co_return fail(std::move(found.error()));
  Resolver::Addresses addresses = std::move(*found);
  drop_refused(addresses, policy_);
  if (addresses.empty()) {
    co_return fail(upstream_fault(FaultKind::forbidden, host + " is at an address that is never connected to", false));
  }
  const Transport transport = use_tls ? Transport{tls_.get(), &host} : Transport{};
  Result<std::unique_ptr<Socket>> connected = co_await connect_to_any(loop, addresses, transport, limits);
  if (!connected || !use_tls) co_return std::move(connected);
  auto& tls_socket = static_cast<TlsSocket&>(**connected);
  const Result<void> trusted = co_await tls_socket.handshake(limits.deadline, limits.cancel);
  if (!trusted) co_return fail(trusted.error());
  co_return std::move(connected);
}

}  // namespace obleth::adapters
