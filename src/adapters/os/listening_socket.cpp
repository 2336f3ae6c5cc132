#include "adapters/os/listening_socket.hpp"

#include <netinet/tcp.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace obleth::adapters {
namespace {

constexpr int backlog = 4096;  // the kernel lowers it to net.core.somaxconn

std::unexpected<Fault> listen_fault(const NetAddress& address, int error) {
  const FaultKind kind = error == EADDRINUSE ? FaultKind::conflict
                         : error == EACCES   ? FaultKind::forbidden
                                             : FaultKind::invalid;
  return fail(
      Fault{kind, FaultSource::us, false, "cannot listen on " + address.text() + ": " + std::strerror(error), {}});
}

Result<FileDescriptor> bound_socket(const NetAddress& address, bool shared) {
  FileDescriptor fd(::socket(address.is_v6() ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.is_open()) return listen_fault(address, errno);
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // accepted sockets inherit it
  if (shared) ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  const NetAddress::Raw raw = address.raw();
  if (::bind(fd.get(), raw.get(), raw.length) != 0) return listen_fault(address, errno);
  return fd;
}

NetAddress address_of(const FileDescriptor& fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&storage), &length);
  return NetAddress::from_sockaddr(reinterpret_cast<const sockaddr*>(&storage)).value_or(NetAddress{});
}

}  // namespace

Result<ListeningSockets> listen_on(const NetAddress& address, std::size_t count) {
  // SO_REUSEPORT would quietly share the port with another process of the same user: ask once without it.
  if (address.port() != 0) {
    Result<FileDescriptor> probe = bound_socket(address, false);
    if (!probe) return fail(std::move(probe.error()));
    if (::listen(probe->get(), 1) != 0) return listen_fault(address, errno);
  }
  ListeningSockets made;
  made.address = address;
  for (std::size_t at = 0; at < count; ++at) {
    Result<FileDescriptor> fd = bound_socket(made.address, true);
    if (!fd) return fail(std::move(fd.error()));
    if (::listen(fd->get(), backlog) != 0) return listen_fault(address, errno);
    made.address = address_of(*fd);
    made.sockets.push_back(std::move(*fd));
  }
  return made;
}

AcceptOutcome accept_one(int listening_fd) {
  while (true) {
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    FileDescriptor fd(
        ::accept4(listening_fd, reinterpret_cast<sockaddr*>(&storage), &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd.is_open()) {
      const auto peer = NetAddress::from_sockaddr(reinterpret_cast<const sockaddr*>(&storage));
      return {Accepted{std::move(fd), peer.value_or(NetAddress{})}, true};
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {std::nullopt, true};
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) return {std::nullopt, false};
    if (errno == EBADF || errno == EINVAL || errno == ENOTSOCK) return {std::nullopt, true};
    // What is left (ECONNABORTED, EPROTO, EINTR, network errors) is about that one connection: on to the next.
  }
}

}  // namespace obleth::adapters
