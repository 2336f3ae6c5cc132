#include "adapters/http_client/http_client.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <future>

#include "adapters/http_client/client_bench.hpp"
#include "adapters/http_client/scripted_server.hpp"

namespace obleth::adapters {
namespace {

constexpr const char* hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
constexpr const char* empty_answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

// Answers every request on every connection with the same bytes, then hangs up or goes on.
ScriptedServer::Script always(std::string answer, bool hang_up = false) {
  return [answer = std::move(answer), hang_up](Conversation& with) {
    while (!with.read_request().empty()) {
      with.send(answer);
      if (hang_up) return;
    }
  };
}

TEST(HttpClient, UsesAKeptConnectionAgain) {
  ScriptedServer server(always(hello));
  ClientBench bench;
  const Call call(server.port(), "body");
  for (int round = 0; round < 5; ++round) {
    const Received got = bench.run(bench.fetch(call.call));
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.payload, "hello");
    EXPECT_FALSE(got.fault);
  }
  EXPECT_EQ(server.accepted(), 1);
  EXPECT_EQ(bench.client.idle_connections(), 1U);
}

TEST(HttpClient, ConcurrentStreamsKeepTheirBytesApart) {
  constexpr int streams = 20;
  ScriptedServer server([](Conversation& with) {
    const std::string request = with.read_request();
    const std::string name = request.substr(request.find("\r\n\r\n") + 4);
    with.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 50; ++i)
      with.send("8\r\n" + name + name + "\r\n");
    with.send("0\r\n\r\n");
    with.wait_until_closed();
  });
  ClientBench bench;
  std::vector<std::unique_ptr<Call>> calls;
  std::vector<std::optional<Received>> got(streams);
  for (int i = 0; i < streams; ++i) {
    calls.push_back(std::make_unique<Call>(server.port(), std::to_string(1000 + i)));
    bench.begin(bench.fetch(calls.back()->call), got[static_cast<std::size_t>(i)]);
  }
  bench.turn_until([&] { return std::ranges::all_of(got, [](const auto& one) { return one.has_value(); }); });
  for (int i = 0; i < streams; ++i) {
    std::string expected;
    for (int word = 0; word < 100; ++word)
      expected += std::to_string(1000 + i);
    EXPECT_EQ(got[static_cast<std::size_t>(i)]->payload, expected);
  }
  EXPECT_EQ(server.accepted(), streams);
  EXPECT_EQ(bench.client.idle_connections(), std::size_t{streams});
}

// The second request on a connection meets a server that hangs up without a byte; so do the first ones on the
// connections after it, up to a number.
ScriptedServer::Script stale_until(int connection) {
  return [connection](Conversation& with) {
    with.read_request();
    if (with.number() > 0 && with.number() <= connection) return;
    with.send(hello);
    with.read_request();
  };
}

TEST(HttpClient, AStaleConnectionIsReplacedOnce) {
  ScriptedServer server(stale_until(0));
  ClientBench bench;
  const Call call(server.port());
  EXPECT_EQ(bench.run(bench.fetch(call.call)).payload, "hello");
  EXPECT_EQ(bench.run(bench.fetch(call.call)).payload, "hello");
  EXPECT_EQ(server.accepted(), 2);
}

TEST(HttpClient, AStaleConnectionIsReplacedOnceOnly) {
  ScriptedServer server(stale_until(1));
  ClientBench bench;
  const Call call(server.port());
  EXPECT_EQ(bench.run(bench.fetch(call.call)).payload, "hello");
  EXPECT_EQ(bench.run(bench.fetch(call.call)).fault, FaultKind::broken);
  EXPECT_EQ(server.accepted(), 2);
}

// Gives its body in pieces, and knows when it has given all of it.
class KnownBody final : public ports::BodySource {
 public:
  explicit KnownBody(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {}
  Task<Result<std::string_view>> next() override {
    lent_.clear();  // what was given is valid until the next call
    if (given_ < pieces_.size()) lent_ = pieces_[given_++];
    co_return Result<std::string_view>(lent_);
  }
  [[nodiscard]] bool has_ended() const override { return given_ == pieces_.size(); }

 private:
  std::vector<std::string> pieces_;
  std::string lent_;
  std::size_t given_ = 0;
};

TEST(HttpClient, AStreamWhoseFirstPieceIsAllOfItIsSentAgainOverAStaleConnection) {
  ScriptedServer server(stale_until(0));
  ClientBench bench;
  Call call(server.port(), "body");
  for (int round = 0; round < 2; ++round) {
    KnownBody source({"body"});
    call.call.body = {};
    call.call.stream = &source;
    EXPECT_EQ(bench.run(bench.fetch(call.call)).payload, "hello");
    EXPECT_EQ(server.accepted(), 1 + round);
  }
}

TEST(HttpClient, WhatCannotBeRepeatedMeetsNoStaleConnection) {
  ScriptedServer server(stale_until(0));
  ClientBench bench;
  Call call(server.port(), "body");
  EXPECT_EQ(bench.run(bench.fetch(call.call)).payload, "hello");
  KnownBody source({"bo", "dy"});
  call.call.body = {};
  call.call.stream = &source;
  EXPECT_EQ(bench.run(bench.fetch(call.call)).payload, "hello");
  EXPECT_EQ(server.accepted(), 2);
}

TEST(HttpClient, NothingIsRepeatedOnceAByteCameBack) {
  ScriptedServer server([](Conversation& with) {
    with.read_request();
    with.send(hello);
    with.read_request();
    with.send("H");
  });
  ClientBench bench;
  const Call call(server.port());
  EXPECT_EQ(bench.run(bench.fetch(call.call)).payload, "hello");
  EXPECT_EQ(bench.run(bench.fetch(call.call)).fault, FaultKind::broken);
  EXPECT_EQ(server.accepted(), 1);
}

TEST(HttpClient, AConnectionThatDiedWhileIdleIsNotUsed) {
  ScriptedServer server(always(hello, true));
  ClientBench bench({.pool = {.sweep_every = std::chrono::milliseconds(1)}});
  const Call call(server.port());
  EXPECT_EQ(bench.run(bench.fetch(call.call)).payload, "hello");
  bench.turn_until([&] { return bench.client.idle_connections() == 0; });
  EXPECT_EQ(bench.run(bench.fetch(call.call)).payload, "hello");
}

TEST(HttpClient, IdleConnectionsAreBoundedInNumberAndAge) {
  ScriptedServer server(always(hello));
  ClientBench bench({.pool = {.idle_per_origin_max = 2,
                              .idle_lifetime = std::chrono::milliseconds(300),
                              .sweep_every = std::chrono::milliseconds(20)}});
  const Call call(server.port());
  int ended = 0;
  const auto count = [](Task<Received> fetch, int& counter) -> Task<void> {
    const Received got = co_await fetch;
    counter += got.fault ? 0 : 1;
  };
  for (int i = 0; i < 5; ++i)
    spawn(count(bench.fetch(call.call), ended));
  bench.turn_until([&] { return ended == 5; });
  EXPECT_LE(bench.client.idle_connections(), 2U);
  bench.turn_until([&] { return bench.client.idle_connections() == 0; });
}

TEST(HttpClient, NobodyListeningIsUnreachable) {
  std::uint16_t port = 0;
  {
    const ScriptedServer gone(always(hello));
    port = gone.port();
  }
  ClientBench bench;
  const Call call(port);
  EXPECT_EQ(bench.run(bench.fetch(call.call)).fault, FaultKind::unreachable);
}

// Connections to it wait for ever: its queue is full, and nobody accepts.
class FullQueue {
 public:
  FullQueue() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    ensure(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0, "bind");
    ensure(::listen(listener_, 0) == 0, "listen");
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    for (int& client : waiting_) {
      client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
      ::connect(client, reinterpret_cast<sockaddr*>(&address), size);
    }
  }
  ~FullQueue() {
    for (const int client : waiting_)
      ::close(client);
    ::close(listener_);
  }
  FullQueue(const FullQueue&) = delete;
  FullQueue& operator=(const FullQueue&) = delete;
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  int listener_;
  std::uint16_t port_ = 0;
  std::array<int, 4> waiting_{};
};

TEST(HttpClient, OfARequestThatNeverConnectsNothingHasLeft) {
  const FullQueue server;
  for (const bool is_cancelled : {true, false}) {
    ClientBench bench({.connect_timeout = std::chrono::milliseconds(is_cancelled ? 30'000 : 100)});
    bool left = false;
    Call call(server.port());
    call.call.request_left = &left;
    std::optional<Received> got;
    ClientBench::begin(bench.fetch(call.call), got);
    if (is_cancelled) call.cancel.fire();
    bench.turn_until([&] { return got.has_value(); });
    EXPECT_EQ(got->fault, is_cancelled ? FaultKind::cancelled : FaultKind::timed_out);
    EXPECT_FALSE(left);
  }
}

TEST(HttpClient, WhatWasSentHasLeftWhateverCameOfIt) {
  ScriptedServer server([](Conversation& with) {
    with.read_request();
    if (with.number() == 0) with.send(hello);
    if (with.number() == 2) with.wait_until_closed();
  });
  ClientBench bench;
  Call call(server.port());
  for (const std::optional<FaultKind> fault :
       {std::optional<FaultKind>(), {FaultKind::broken}, {FaultKind::timed_out}}) {
    bool left = false;
    call.call.request_left = &left;
    if (fault == FaultKind::timed_out) call.call.head_timeout = std::chrono::milliseconds(100);
    EXPECT_EQ(bench.run(bench.fetch(call.call)).fault, fault);
    EXPECT_TRUE(left);
  }
}

TEST(HttpClient, WhatWasGivenToAStaleConnectionHasNotLeft) {
  ScriptedServer server(stale_until(0));
  ClientBench bench;
  bool left = false;
  Call call(server.port());
  EXPECT_EQ(bench.run(bench.fetch(call.call)).payload, "hello");
  server.stop_accepting();
  call.call.request_left = &left;
  EXPECT_EQ(bench.run(bench.fetch(call.call)).fault, FaultKind::unreachable);
  EXPECT_FALSE(left);
}

TEST(HttpClient, AMetadataAddressIsForbidden) {
  ClientBench bench;
  Call call(80);
  call.address.host = "169.254.169.254";
  EXPECT_EQ(bench.run(bench.fetch(call.call)).fault, FaultKind::forbidden);
}

TEST(HttpClient, AHeadThatNeverComesTimesOut) {
  ScriptedServer server([](Conversation& with) { with.wait_until_closed(); });
  ClientBench bench;
  Call call(server.port());
  call.call.head_timeout = std::chrono::milliseconds(30);
  const Received got = bench.run(bench.fetch(call.call));
  EXPECT_EQ(got.fault, FaultKind::timed_out);
  EXPECT_EQ(got.message, "the server did not answer in time") << "it may be a store's as well as an upstream's";
}

TEST(HttpClient, ABodyThatStopsTimesOut) {
  ScriptedServer server([](Conversation& with) {
    with.read_request();
    with.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
    with.wait_until_closed();
  });
  ClientBench bench;
  Call call(server.port());
  call.call.idle_timeout = std::chrono::milliseconds(30);
  const Received got = bench.run(bench.fetch(call.call));
  EXPECT_EQ(got.payload, "hello");
  EXPECT_EQ(got.fault, FaultKind::timed_out);
}

// The server reports when it sees the end; the client's loop makes no turn in between.
struct Departure {
  std::promise<void> seen;
  std::promise<void> asked;

  ScriptedServer::Script after(std::string answer) {
    return [this, answer = std::move(answer)](Conversation& with) {
      with.read_request();
      with.send(answer);
      asked.set_value();
      with.wait_until_closed();
      seen.set_value();
    };
  }
};

TEST(HttpClient, CancelledBeforeTheHeadTheConnectionClosesAtOnce) {
  Departure departure;
  ScriptedServer server(departure.after(""));
  ClientBench bench;
  Call call(server.port());
  std::optional<Received> got;
  bench.begin(bench.fetch(call.call), got);
  auto asked = departure.asked.get_future();
  bench.turn_until([&] { return asked.wait_for(std::chrono::seconds(0)) == std::future_status::ready; });
  call.cancel.fire();
  bench.turn_until([&] { return got.has_value(); });
  EXPECT_EQ(got->fault, FaultKind::cancelled);
  EXPECT_EQ(departure.seen.get_future().wait_for(patience), std::future_status::ready);
}

TEST(HttpClient, CancelledInMidStreamTheConnectionClosesAtOnce) {
  Departure departure;
  ScriptedServer server(departure.after("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"));
  ClientBench bench;
  Call call(server.port());
  auto answer = bench.run(bench.client.send(call.call)).value();
  EXPECT_EQ(bench.run(answer->read()).value(), "hello");
  std::optional<FaultKind> fault;
  const auto store = [](ports::UpstreamAnswer& of, std::optional<FaultKind>& place) -> Task<void> {
    const auto piece = co_await of.read();
    place = piece.error().kind;
  };
  spawn(store(*answer, fault));
  call.cancel.fire();
  bench.turn_until([&] { return fault.has_value(); });
  EXPECT_EQ(fault, FaultKind::cancelled);
  EXPECT_EQ(departure.seen.get_future().wait_for(patience), std::future_status::ready);
}

TEST(HttpClient, AnAnswerDroppedBeforeItsEndClosesItsConnection) {
  Departure departure;
  ScriptedServer server(departure.after("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello"));
  ClientBench bench;
  Call call(server.port());
  {
    const auto answer = bench.run(bench.client.send(call.call)).value();
    EXPECT_TRUE(answer->has_buffered() || answer->head().status == 200);
  }
  EXPECT_EQ(departure.seen.get_future().wait_for(patience), std::future_status::ready);
  EXPECT_EQ(bench.client.idle_connections(), 0U);
}

TEST(HttpClient, ClosingBreaksOffWhatIsUnderWayAndSendsNothingMore) {
  for (const char* begun :
       {"", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello", "HTTP/1.1 200 OK\r\n\r\nhello"}) {
    Departure departure;
    ScriptedServer server(departure.after(begun));
    ClientBench bench;
    const Call call(server.port());
    std::optional<Received> got;
    bench.begin(bench.fetch(call.call), got);
    auto asked = departure.asked.get_future();
    bench.turn_until([&] { return asked.wait_for(std::chrono::seconds(0)) == std::future_status::ready; });
    bench.loop.turn(std::chrono::milliseconds(1));
    bench.client.close_all();
    bench.turn_until([&] { return got.has_value(); });
    EXPECT_EQ(got->fault, FaultKind::unavailable);
    EXPECT_EQ(bench.run(bench.fetch(call.call)).fault, FaultKind::unavailable);
    EXPECT_EQ(server.accepted(), 1);
  }
}

TEST(HttpClient, AConnectionThatMustCloseIsNotPooled) {
  for (const char* answer : {
           "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
           "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
           "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\n",
       }) {
    ScriptedServer server(always(answer));
    ClientBench bench;
    const Call call(server.port());
    const Received got = bench.run(bench.fetch(call.call));
    EXPECT_EQ(got.payload, "hello");
    EXPECT_FALSE(got.fault);
    EXPECT_EQ(bench.client.idle_connections(), 0U) << answer;
  }
}

TEST(HttpClient, AnAnswerThatEndsWithItsConnectionIsWholeAndNotPooled) {
  ScriptedServer server([](Conversation& with) {
    with.read_request();
    with.send("HTTP/1.1 200 OK\r\n\r\nfirst ");
    with.send("second");
  });
  ClientBench bench;
  const Call call(server.port());
  const Received got = bench.run(bench.fetch(call.call));
  EXPECT_EQ(got.payload, "first second");
  EXPECT_FALSE(got.fault);
  EXPECT_EQ(bench.client.idle_connections(), 0U);
}

TEST(HttpClient, AnswersWithoutABodyEndWithTheirHead) {
  for (const char* answer :
       {"HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", empty_answer}) {
    ScriptedServer server(always(answer));
    ClientBench bench;
    const Call call(server.port());
    for (int round = 0; round < 2; ++round) {
      const Received got = bench.run(bench.fetch(call.call));
      EXPECT_EQ(got.payload, "");
      EXPECT_FALSE(got.fault);
    }
    EXPECT_EQ(server.accepted(), 1) << answer;
  }
  ScriptedServer server(always("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"));
  ClientBench bench;
  Call call(server.port());
  call.call.answer_has_no_body = true;
  for (int round = 0; round < 2; ++round)
    EXPECT_FALSE(bench.run(bench.fetch(call.call)).fault);
  EXPECT_EQ(server.accepted(), 1);
}

}  // namespace
}  // namespace obleth::adapters
