#include "load/load_run.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "load/reply_reader.hpp"

namespace obleth::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Moment = Clock::time_point;

constexpr std::size_t receive_bytes = 64 * 1024;
constexpr int events_per_turn_max = 256;

[[noreturn]] void give_up(const char* what) {
  std::perror(what);
  std::exit(1);
}

Clock::duration from_seconds(double seconds) {
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

struct Connection {
  int socket = -1;
  bool busy = false;
  Moment due;  // when its request was due, or sent where there is no rate
  bool first_byte_seen = false;
  std::uint64_t events_counted = 0;
  ReplyReader reader;
};

class Load {
 public:
  Load(const LoadPlan& plan, const std::function<void()>& begin)
      : plan_(plan),
        begin_(begin),
        epoll_(::epoll_create1(EPOLL_CLOEXEC)),
        request_(plan.request),
        secret_at_(plan.secrets.empty() ? 0 : request_.find(plan.secrets.front())),
        received_(receive_bytes) {
    if (secret_at_ == std::string::npos) {
      std::fputs("load: the request does not contain the first secret\n", stderr);
      std::exit(1);
    }
    connections_.resize(static_cast<std::size_t>(plan.connections));
    for (Connection& connection : connections_)
      connect(connection);
  }
  ~Load() {
    for (const Connection& connection : connections_)
      ::close(connection.socket);
    ::close(epoll_);
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  LoadReport run();

 private:
  void connect(Connection& connection);
  void send(Connection& connection, Moment due);
  void write_next_secret();
  void receive(Connection& connection, Moment now);
  void finish(Connection& connection, Moment now);
  void fail(Connection& connection);
  void send_what_is_due(Moment now);
  void wait(Moment until);
  // Without a rate the first requests are spread over half of the warm-up, so that streams do not tick together.
  [[nodiscard]] bool is_paced() const { return plan_.rate > 0 || sent_ < connections_.size(); }
  void note(std::vector<std::uint32_t>& times, Moment from, Moment to) const {
    if (in_window_) times.push_back(static_cast<std::uint32_t>((to - from) / std::chrono::microseconds(1)));
  }

  const LoadPlan& plan_;
  const std::function<void()>& begin_;
  int epoll_;
  std::string request_;
  std::size_t secret_at_;
  bool in_window_ = false;
  std::size_t sent_ = 0;
  Moment next_due_;
  Clock::duration distance_{};
  std::vector<Connection> connections_;
  std::vector<Connection*> idle_;
  std::vector<char> received_;
  LoadReport report_;
};

void Load::connect(Connection& connection) {
  connection.socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(plan_.port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(connection.socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    give_up("load: connect");
  }
  const int on = 1;
  ::setsockopt(connection.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  epoll_event event{.events = EPOLLIN, .data = {.ptr = &connection}};
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.socket, &event) != 0) give_up("load: epoll_ctl");
  connection.busy = false;
  idle_.push_back(&connection);
}

void Load::write_next_secret() {
  if (plan_.secrets.empty()) return;
  const std::string& secret = plan_.secrets[sent_ % plan_.secrets.size()];
  request_.replace(secret_at_, secret.size(), secret);
}

// The socket blocks: a request that is larger than its buffer is read meanwhile.
void Load::send(Connection& connection, Moment due) {
  connection.busy = true;
  connection.due = due;
  connection.first_byte_seen = false;
  connection.events_counted = 0;
  connection.reader.begin();
  write_next_secret();
  const ssize_t sent = ::send(connection.socket, request_.data(), request_.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(request_.size())) fail(connection);
}

void Load::receive(Connection& connection, Moment now) {
  const ssize_t count = ::recv(connection.socket, received_.data(), received_.size(), MSG_DONTWAIT);
  if (count < 0 && errno == EAGAIN) return;
  if (count <= 0 || !connection.busy) return fail(connection);
  ReplyReader& reader = connection.reader;
  reader.feed({received_.data(), static_cast<std::size_t>(count)});
  if (in_window_) report_.events += reader.events() - connection.events_counted;
  connection.events_counted = reader.events();
  if (!connection.first_byte_seen && reader.has_body_bytes()) {
    connection.first_byte_seen = true;
    note(report_.first_bytes, connection.due, now);
  }
  if (reader.state() == ReplyReader::State::fault) return fail(connection);
  if (reader.state() == ReplyReader::State::complete) finish(connection, now);
}

void Load::finish(Connection& connection, Moment now) {
  if (connection.reader.status() != 200) return fail(connection);
  if (in_window_) ++report_.requests;
  note(report_.latencies, connection.due, now);
  if (!connection.reader.keeps_alive()) {
    ::close(connection.socket);
    return connect(connection);
  }
  connection.busy = false;
  idle_.push_back(&connection);
}

// A connection that was closed while idle is no failure: the next request goes over a new one.
void Load::fail(Connection& connection) {
  ::close(connection.socket);
  if (connection.busy) {
    ++report_.failed;
  } else {
    std::erase(idle_, &connection);
  }
  connect(connection);
}

void Load::send_what_is_due(Moment now) {
  while (!idle_.empty() && (!is_paced() || next_due_ <= now)) {
    Connection& connection = *idle_.back();
    idle_.pop_back();
    send(connection, plan_.rate == 0 ? now : next_due_);
    ++sent_;
    next_due_ += distance_;
  }
}

void Load::wait(Moment until) {
  const auto left = std::max(until - Clock::now(), Clock::duration::zero());
  const auto whole = std::chrono::duration_cast<std::chrono::seconds>(left);
  const timespec limit{.tv_sec = whole.count(), .tv_nsec = (left - whole).count()};
  std::array<epoll_event, events_per_turn_max> events;
  const int count = ::epoll_pwait2(epoll_, events.data(), events_per_turn_max, &limit, nullptr);
  if (count < 0 && errno != EINTR) give_up("load: epoll_pwait2");
  const Moment now = Clock::now();
  for (int at = 0; at < count; ++at)
    receive(*static_cast<Connection*>(events[static_cast<std::size_t>(at)].data.ptr), now);
}

LoadReport Load::run() {
  const Moment start = Clock::now();
  const Moment window_begins = start + from_seconds(plan_.warm_up_seconds);
  const Moment window_ends = window_begins + from_seconds(plan_.seconds);
  Moment begun = window_begins;
  next_due_ = start;
  distance_ = from_seconds(plan_.rate > 0 ? 1 / plan_.rate : plan_.warm_up_seconds / 2 / plan_.connections);
  for (Moment now = start; now < window_ends; now = Clock::now()) {
    if (!in_window_ && now >= window_begins) {
      begin_();
      begun = Clock::now();
      in_window_ = true;
    }
    send_what_is_due(now);
    const Moment milestone = in_window_ ? window_ends : window_begins;
    wait(is_paced() && !idle_.empty() ? std::min(next_due_, milestone) : milestone);
  }
  report_.seconds = std::chrono::duration<double>(Clock::now() - begun).count();
  return std::move(report_);
}

}  // namespace

LoadReport run_load(const LoadPlan& plan, const std::function<void()>& begin) {
  return Load(plan, begin).run();
}

}  // namespace obleth::bench
