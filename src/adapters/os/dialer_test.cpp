// Names, connections and TLS against a small server on this machine.
#include "adapters/os/dialer.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <latch>
#include <mutex>

#include "adapters/os/listening_socket.hpp"
#include "adapters/os/process_limits.hpp"
#include "adapters/os/root_task.hpp"
#include "adapters/os/throwaway_certificate.hpp"
#include "adapters/os/tls_socket.hpp"

namespace obleth::adapters {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

NetAddress loopback(std::uint16_t port) {
  return *NetAddress::parse("127.0.0.1", port);
}

// Runs a task on a loop of the test's own thread, to its end.
template <class T>
T run_on(EpollLoop& loop, Task<T> task) {
  std::optional<T> value;
  spawn([](EpollLoop& on, Task<T> work, std::optional<T>& into) -> Task<void> {
    into = co_await work;
    on.stop();
  }(loop, std::move(task), value));
  loop.run();
  return std::move(*value);
}

Resolver::Lookup always(Resolver::Addresses addresses) {
  return [addresses](const std::string&) -> Result<Resolver::Addresses> { return addresses; };
}

TEST(Dialer, TriesEveryAddressUntilOneAnswers) {
  auto listening = listen_on(loopback(0), 1);
  ASSERT_TRUE(listening.has_value());
  EpollLoop loop;
  // A port that was just free refuses; the second address accepts.
  auto closed = listen_on(loopback(0), 1);
  const NetAddress refusing = closed->address;
  closed->sockets.clear();
  const std::array addresses = {refusing, listening->address};
  auto socket = run_on(loop, connect_to(loop, addresses, {loop.now() + seconds(10)}));
  ASSERT_TRUE(socket.has_value()) << socket.error().message;
  EXPECT_TRUE((*socket)->is_open());
  EXPECT_FALSE((*socket)->hung_up());
}

TEST(Dialer, SaysUnreachableWhenNobodyListens) {
  auto closed = listen_on(loopback(0), 1);
  const std::array addresses = {closed->address};
  closed->sockets.clear();
  EpollLoop loop;
  const auto socket = run_on(loop, connect_to(loop, addresses, {loop.now() + seconds(10)}));
  ASSERT_FALSE(socket.has_value());
  EXPECT_EQ(socket.error().kind, FaultKind::unreachable);
  EXPECT_TRUE(socket.error().may_retry);
}

TEST(Dialer, NeverConnectsToARefusedAddressWhateverTheName) {
  EpollLoop loop;
  Resolver resolver({}, always({*NetAddress::parse("169.254.169.254", 0)}));
  const Dialer dialer(resolver, {}, nullptr);
  const std::string host = "innocent.example";
  const auto socket = run_on(loop, dialer.dial(loop, host, 80, false, {loop.now() + seconds(10)}));
  ASSERT_FALSE(socket.has_value());
  EXPECT_EQ(socket.error().kind, FaultKind::forbidden);
}

TEST(Dialer, GivesUpAtItsDeadlineAndWhenCalledOff) {
  EpollLoop loop;
  std::mutex slow;
  slow.lock();
  Resolver resolver({.threads = 1}, [&slow](const std::string&) -> Result<Resolver::Addresses> {
    const std::lock_guard until_released(slow);
    return Resolver::Addresses{};
  });
  const Dialer dialer(resolver, {}, nullptr);
  const std::string host = "slow.example";
  const auto late = run_on(loop, dialer.dial(loop, host, 80, false, {loop.now() + milliseconds(20)}));
  EXPECT_EQ(late.error().kind, FaultKind::timed_out);
  CancelSignal cancel;
  loop.submit([&] { cancel.fire(); });
  const auto called_off = run_on(loop, dialer.dial(loop, host, 80, false, {loop.now() + seconds(60), &cancel}));
  EXPECT_EQ(called_off.error().kind, FaultKind::cancelled);
  slow.unlock();
}

TEST(Resolver, RemembersAnAnswerAndSharesAQuestion) {
  EpollLoop loop;
  std::atomic<int> asked = 0;
  Resolver resolver({.threads = 2}, [&asked](const std::string&) -> Result<Resolver::Addresses> {
    ++asked;
    return Resolver::Addresses{*NetAddress::parse("10.0.0.1", 0)};
  });
  for (int round = 0; round < 3; ++round) {
    const auto found = run_on(loop, resolver.resolve(loop, "name.example", 81, loop.now() + seconds(10), nullptr));
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->front().text(), "10.0.0.1:81");
  }
  EXPECT_EQ(asked, 1);
}

TEST(Resolver, UsesTheLastGoodAnswerWhenTheNameServiceFails) {
  EpollLoop loop;
  std::atomic<int> asked = 0;
  Resolver resolver({.threads = 1, .fresh_for = Duration::zero(), .refresh_wait_max = seconds(10)},
                    [&asked](const std::string&) -> Result<Resolver::Addresses> {
                      if (++asked == 1) return Resolver::Addresses{*NetAddress::parse("10.0.0.1", 0)};
                      return fail(upstream_fault(FaultKind::unreachable, "down", true));
                    });
  for (int round = 0; round < 2; ++round) {
    const auto found = run_on(loop, resolver.resolve(loop, "name.example", 80, loop.now() + seconds(10), nullptr));
    EXPECT_TRUE(found.has_value());
  }
  EXPECT_EQ(asked, 2);
}

TEST(Resolver, UsesTheLastGoodAnswerWhileTheNameServiceHangsAndTheNextOneWhenItComes) {
  EpollLoop loop;
  std::mutex hanging;
  std::atomic<bool> is_first = true;
  Resolver resolver({.threads = 1, .fresh_for = Duration::zero(), .refresh_wait_max = milliseconds(1)},
                    [&](const std::string&) -> Result<Resolver::Addresses> {
                      if (is_first.exchange(false)) return Resolver::Addresses{*NetAddress::parse("10.0.0.1", 0)};
                      const std::lock_guard until_released(hanging);
                      return Resolver::Addresses{*NetAddress::parse("10.0.0.2", 0)};
                    });
  const auto found = [&]() -> std::string {
    const auto answer = run_on(loop, resolver.resolve(loop, "name.example", 80, loop.now() + seconds(10), nullptr));
    return answer ? answer->front().text() : answer.error().message;
  };
  EXPECT_EQ(found(), "10.0.0.1:80");
  {
    const std::lock_guard hangs(hanging);
    for (int round = 0; round < 3; ++round)
      EXPECT_EQ(found(), "10.0.0.1:80");
  }
  const Instant began = loop.refresh_now();
  while (found() != "10.0.0.2:80")
    ASSERT_LT(loop.refresh_now() - began, seconds(20));
}

// Knows a name's address when it is told to go on.
struct SlowNames {
  [[nodiscard]] Resolver::Lookup lookup() {
    return [this](const std::string&) -> Result<Resolver::Addresses> {
      asked.count_down();
      go_on.wait();
      return Resolver::Addresses{*NetAddress::parse("10.0.0.1", 0)};
    };
  }
  std::latch asked{1};
  std::latch go_on{1};
};

TEST(Resolver, TellsNoLoopThatIsGoneSinceItsWaitWasOver) {
  SlowNames names;
  Resolver resolver({.threads = 1}, names.lookup());
  auto loop = std::make_unique<EpollLoop>();
  const auto late = run_on(*loop, resolver.resolve(*loop, "slow.example", 80, loop->now() + milliseconds(20), nullptr));
  EXPECT_EQ(late.error().kind, FaultKind::timed_out);
  names.asked.wait();
  loop.reset();
  names.go_on.count_down();
}

TEST(Resolver, TellsNoLoopThatIsGoneAfterThoseWhoWaitedOnIt) {
  SlowNames names;
  Resolver resolver({.threads = 1}, names.lookup());
  auto loop = std::make_unique<EpollLoop>();
  RootTask waiting = [](Resolver& from, EpollLoop& on) -> RootTask {
    static_cast<void>(co_await from.resolve(on, "slow.example", 80, on.now() + seconds(60), nullptr));
  }(resolver, *loop);
  names.asked.wait();
  waiting = RootTask();
  loop.reset();
  names.go_on.count_down();
}

TEST(Resolver, TellsThoseWhoStillWaitWhenAnotherHasLeft) {
  SlowNames names;
  Resolver resolver({.threads = 1}, names.lookup());
  EpollLoop loop;
  const auto late = run_on(loop, resolver.resolve(loop, "slow.example", 80, loop.now() + milliseconds(20), nullptr));
  EXPECT_FALSE(late.has_value());
  loop.submit([&names] { names.go_on.count_down(); });
  const auto found = run_on(loop, resolver.resolve(loop, "slow.example", 80, loop.now() + seconds(60), nullptr));
  EXPECT_TRUE(found.has_value());
}

TEST(Resolver, AnswersLiteralsWithoutAsking) {
  EpollLoop loop;
  Resolver resolver({.threads = 0});
  auto found = resolver.resolve(loop, "[::1]", 443, loop.now(), nullptr).run_now();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->front().text(), "[::1]:443");
}

// ---- TLS ----------------------------------------------------------------------------------------------------------

Task<void> echo_once(EpollLoop& loop, int listening, const TlsCredentials& credentials) {
  AcceptOutcome accepted = accept_one(listening);
  TlsSocket socket(loop, std::move(accepted.accepted->fd), credentials);
  const Instant deadline = loop.now() + seconds(20);
  const Result<void> shaken = co_await socket.handshake(deadline);
  if (!shaken) co_return;
  std::array<char, 16 * 1024> room;
  while (true) {
    const WaitOutcome waited = co_await socket.readable(deadline);
    const IoOutcome got = socket.read_some(room);
    if (waited != WaitOutcome::ready || got.state == IoState::ended || got.state == IoState::failed) co_return;
    const std::array<std::string_view, 2> pieces = {std::string_view(room.data(), got.bytes / 2),
                                                    std::string_view(room.data(), got.bytes).substr(got.bytes / 2)};
    const WriteOutcome sent = co_await socket.write_all(pieces, seconds(20));
    if (sent != WriteOutcome::sent) co_return;
  }
}

Task<std::string> read_exactly(Socket& socket, std::size_t bytes) {
  std::string received;
  std::array<char, 4096> room;
  const Instant deadline = socket.loop().now() + seconds(20);
  while (received.size() < bytes) {
    const WaitOutcome waited = co_await socket.readable(deadline);
    const IoOutcome got = socket.read_some(room);
    if (waited != WaitOutcome::ready || got.state == IoState::failed || got.state == IoState::ended) break;
    received.append(room.data(), got.bytes);
  }
  co_return received;
}

Task<void> write_in_pieces(Socket& socket, std::string_view text) {
  const std::array<std::string_view, 3> pieces = {text.substr(0, 5), std::string_view(), text.substr(5)};
  const WriteOutcome sent = co_await socket.write_all(pieces, seconds(20));
  EXPECT_EQ(sent, WriteOutcome::sent);
}

Task<std::string> say_and_hear(const Dialer& dialer, EpollLoop& loop, std::uint16_t port, std::string text) {
  const std::string host = "localhost";
  const DialLimits limits{loop.now() + seconds(20)};
  Result<std::unique_ptr<Socket>> dialled = co_await dialer.dial(loop, host, port, true, limits);
  if (!dialled) co_return dialled.error().message;
  Socket& socket = **dialled;
  spawn(write_in_pieces(socket, text));  // while it is read: the other side echoes at once
  std::string heard = co_await read_exactly(socket, text.size());
  EXPECT_TRUE(socket.is_quiet());  // fit for a pool, session tickets or not
  co_return heard;
}

std::string tls_round_trip(const std::string& names, bool trust, std::string text) {
  ignore_write_signals();
  const testing::ThrowawayCertificate certificate(names);
  const auto server = TlsCredentials::for_server(certificate.certificate_file(), certificate.key_file());
  const auto client = TlsCredentials::for_client(trust ? certificate.certificate_file() : "");
  EXPECT_TRUE(server.has_value() && client.has_value());
  auto listening = listen_on(loopback(0), 1);
  EpollLoop loop;
  Resolver resolver({.threads = 1}, always({loopback(0)}));
  const Dialer dialer(resolver, {}, *client);
  // The kernel completes the connection before anybody accepts it.
  struct OnConnect final : FdWatcher {
    void fd_ready(std::uint32_t) override {
      loop->submit([this] { spawn(echo_once(*loop, fd, *credentials)); });
    }
    EpollLoop* loop = nullptr;
    int fd = -1;
    const TlsCredentials* credentials = nullptr;
  } on_connect;
  on_connect.loop = &loop;
  on_connect.fd = listening->sockets[0].get();
  on_connect.credentials = server->get();
  EXPECT_TRUE(loop.watch(on_connect.fd, 1 /* EPOLLIN */, on_connect));
  std::string heard = run_on(loop, say_and_hear(dialer, loop, listening->address.port(), std::move(text)));
  for (int turns = 0; turns < 5; ++turns)
    loop.turn(milliseconds(10));
  return heard;
}

TEST(Dialer, VerifiesTheCertificateAndItsName) {
  EXPECT_EQ(tls_round_trip("DNS:localhost", true, "hello, TLS"), "hello, TLS");
  EXPECT_NE(tls_round_trip("DNS:localhost", false, "hello, TLS").find("certificate is refused"), std::string::npos);
  EXPECT_NE(tls_round_trip("DNS:elsewhere.example", true, "hello, TLS").find("hostname mismatch"), std::string::npos);
}

TEST(TlsSocket, CarriesMoreThanTheKernelHoldsAtOnce) {
  std::string text(4 << 20, '\0');
  for (std::size_t at = 0; at < text.size(); ++at)
    text[at] = static_cast<char>(at * 2654435761U >> 13);
  EXPECT_TRUE(tls_round_trip("DNS:localhost", true, text) == text);
}

}  // namespace
}  // namespace obleth::adapters
