// The floor of `bench/run path`: a relay that knows no HTTP. It copies bytes between two sockets and nothing else, so
// what it costs is the kernel's TCP; what a gateway costs beyond it is the gateway. One thread, ends with its process.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

namespace {

constexpr int events_per_turn_max = 256;
constexpr int backlog = 1024;

struct End {
  int socket = -1;
  End* other = nullptr;
  bool closed = false;
};

struct Pair {
  End client;
  End server;
};

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool watch(int epoll, End& end) {
  const int on = 1;
  ::setsockopt(end.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  epoll_event event{.events = EPOLLIN, .data = {.ptr = &end}};
  return ::epoll_ctl(epoll, EPOLL_CTL_ADD, end.socket, &event) == 0;
}

void accept_one(int epoll, int listener, std::uint16_t upstream_port) {
  auto pair = std::make_unique<Pair>();
  pair->client = {.socket = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC), .other = &pair->server};
  pair->server = {.socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .other = &pair->client};
  const sockaddr_in upstream = loopback(upstream_port);
  if (::connect(pair->server.socket, reinterpret_cast<const sockaddr*>(&upstream), sizeof upstream) != 0 ||
      !watch(epoll, pair->client) || !watch(epoll, pair->server)) {
    std::perror("relay");
    std::exit(1);
  }
  // An event of this turn may still name it: the few bytes of a pair stay until the process ends.
  static_cast<void>(pair.release());
}

// One receive, one send; the sockets block, so a send takes all of it.
void relay(End& from, std::vector<char>& bytes) {
  if (from.closed) return;
  const ssize_t count = ::recv(from.socket, bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (count < 0 && errno == EAGAIN) return;
  if (count > 0 && ::send(from.other->socket, bytes.data(), static_cast<std::size_t>(count), MSG_NOSIGNAL) == count)
    return;
  from.closed = from.other->closed = true;
  ::close(from.socket);
  ::close(from.other->socket);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: path_relay UPSTREAM_PORT\n");
    return 2;
  }
  const auto upstream_port = static_cast<std::uint16_t>(std::atoi(argv[1]));
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t length = sizeof address;
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), length) != 0 || ::listen(listener, backlog) != 0 ||
      ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    std::perror("relay");
    return 1;
  }
  std::printf("relay listening on 127.0.0.1:%u\n", static_cast<unsigned>(ntohs(address.sin_port)));
  std::fflush(stdout);

  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
  std::vector<char> bytes(64 * 1024);
  std::array<epoll_event, events_per_turn_max> events;
  while (true) {
    const int count = ::epoll_wait(epoll, events.data(), events_per_turn_max, -1);
    for (int at = 0; at < count; ++at) {
      void* end = events[static_cast<std::size_t>(at)].data.ptr;
      if (end == nullptr) {
        accept_one(epoll, listener, upstream_port);
      } else {
        relay(*static_cast<End*>(end), bytes);
      }
    }
  }
}
