// Requests on their way out: large, streamed, refused early, and broken off by their own source.
#include "adapters/http_client/request_upload.hpp"

#include <gtest/gtest.h>

#include <future>

#include "adapters/http_client/client_bench.hpp"
#include "adapters/http_client/scripted_server.hpp"

namespace obleth::adapters {
namespace {

std::string numbers(std::size_t bytes) {
  std::string text;
  for (int i = 0; text.size() < bytes; ++i)
    text += std::to_string(i) + ",";
  text.resize(bytes);
  return text;
}

// The server keeps the request that it got, and answers.
struct Echo {
  std::promise<std::string> request;
  ScriptedServer server{[this](Conversation& with) {
    std::string got = with.read_head();
    if (got.find("chunked") != std::string::npos) {
      got += with.read_through("\r\n0\r\n\r\n");
    } else {
      got.clear();
      got = with.read_bytes(body_bytes);
    }
    request.set_value(std::move(got));
    with.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    with.wait_until_closed();
  }};
  std::size_t body_bytes = 0;
};

class Pieces final : public ports::BodySource {
 public:
  explicit Pieces(std::vector<std::string> pieces, std::optional<Fault> fault = std::nullopt)
      : pieces_(std::move(pieces)), fault_(std::move(fault)) {}
  Task<Result<std::string_view>> next() override {
    if (given_ < pieces_.size()) co_return Result<std::string_view>(pieces_[given_++]);
    if (fault_) co_return fail(*fault_);
    co_return Result<std::string_view>(std::string_view());
  }

 private:
  std::vector<std::string> pieces_;
  std::size_t given_ = 0;
  std::optional<Fault> fault_;
};

// Gives one piece and then waits, as good as for ever.
class StuckSource final : public ports::BodySource {
 public:
  StuckSource(EpollLoop& loop, std::string piece, Duration wait = std::chrono::hours(1))
      : loop_(loop), piece_(std::move(piece)), wait_(wait) {}
  Task<Result<std::string_view>> next() override {
    if (!std::exchange(given_, true)) co_return Result<std::string_view>(piece_);
    ports::Pause pause(loop_, loop_.now() + wait_);
    const bool came = co_await pause;
    ensure(came, "the pause has no signal");
    co_return Result<std::string_view>(std::string_view());
  }

 private:
  EpollLoop& loop_;
  std::string piece_;
  Duration wait_;
  bool given_ = false;
};

TEST(RequestUpload, ManyPiecesArriveInOrder) {
  Echo echo;
  const std::string body = numbers(8 * 1024 * 1024);
  echo.body_bytes = body.size();
  Call call(echo.server.port(), body);
  call.pieces.clear();
  for (std::size_t at = 0; at < body.size(); at += 99'991)
    call.pieces.push_back(std::string_view(body).substr(at, 99'991));
  call.call.body = call.pieces;
  ClientBench bench;
  EXPECT_EQ(bench.run(bench.fetch(call.call)).payload, "ok");
  EXPECT_TRUE(echo.request.get_future().get() == body);
  EXPECT_EQ(bench.client.idle_connections(), 1U);
}

TEST(RequestUpload, AStreamArrivesChunked) {
  Echo echo;
  Call call(echo.server.port());
  Pieces source({"hello", std::string(17, 'x'), "end"});
  call.head = "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n";
  call.call.head = call.head;
  call.call.body = {};
  call.call.stream = &source;
  call.call.stream_chunked = true;
  ClientBench bench;
  EXPECT_EQ(bench.run(bench.fetch(call.call)).payload, "ok");
  EXPECT_EQ(echo.request.get_future().get(),
            call.head + "5\r\nhello\r\n11\r\n" + std::string(17, 'x') + "\r\n3\r\nend\r\n0\r\n\r\n");
  EXPECT_EQ(bench.client.idle_connections(), 1U);
}

TEST(RequestUpload, AStreamOfKnownLengthArrivesAsItIs) {
  Echo echo;
  const std::string body = numbers(1024 * 1024);
  echo.body_bytes = body.size();
  Call call(echo.server.port(), body);
  Pieces source({body.substr(0, 1000), body.substr(1000, 500'000), body.substr(501'000)});
  call.call.body = {};
  call.call.stream = &source;
  ClientBench bench;
  EXPECT_EQ(bench.run(bench.fetch(call.call)).payload, "ok");
  EXPECT_TRUE(echo.request.get_future().get() == body);
}

// Reads the head only, refuses, and never takes the rest.
ScriptedServer::Script refuse_at_the_head() {
  return [](Conversation& with) {
    with.read_head();
    with.send("HTTP/1.1 413 Too Large\r\nContent-Length: 9\r\n\r\ntoo large");
    with.wait_until_closed();
  };
}

TEST(RequestUpload, ARefusalThatComesBeforeTheBodyHasLeftIsTheAnswer) {
  ScriptedServer server([](Conversation& with) {
    with.read_head();
    with.send("HTTP/1.1 413 Too Large\r\nContent-Length: 9\r\n\r\ntoo large");
    with.read_bytes(1);
    with.wake();
  });
  ClientBench bench;
  const Call call(server.port(), numbers(64 * 1024 * 1024));
  const Received got = bench.run(bench.fetch(call.call));
  EXPECT_EQ(got.status, 413);
  EXPECT_EQ(got.payload, "too large");
  EXPECT_EQ(bench.client.idle_connections(), 0U);
}

TEST(RequestUpload, ARefusalEndsAStreamWhoseSourceWaits) {
  ScriptedServer server(refuse_at_the_head());
  ClientBench bench;
  Call call(server.port(), numbers(100'000));
  StuckSource source(bench.loop, "first");
  call.call.body = {};
  call.call.stream = &source;
  const Received got = bench.run(bench.fetch(call.call));
  EXPECT_EQ(got.status, 413);
  EXPECT_EQ(got.payload, "too large");
  EXPECT_EQ(bench.client.idle_connections(), 0U);
}

TEST(RequestUpload, AnEarlyYesWaitsForTheWholeRequest) {
  std::promise<std::size_t> taken;
  const std::string body = numbers(16 * 1024 * 1024);
  ScriptedServer server([&](Conversation& with) {
    with.read_head();
    with.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    taken.set_value(with.read_bytes(body.size()).size());
    with.wait_until_closed();
  });
  ClientBench bench;
  const Call call(server.port(), body);
  EXPECT_EQ(bench.run(bench.fetch(call.call)).payload, "ok");
  EXPECT_EQ(taken.get_future().get(), body.size());
  EXPECT_EQ(bench.client.idle_connections(), 1U);
}

TEST(RequestUpload, TheFaultOfTheSourceIsTheFaultOfTheCall) {
  ScriptedServer server([](Conversation& with) { with.wait_until_closed(); });
  ClientBench bench;
  Call call(server.port());
  Pieces source({"some"}, client_fault(FaultKind::too_large, "the body is too large"));
  call.call.body = {};
  call.call.stream = &source;
  const Received got = bench.run(bench.fetch(call.call));
  EXPECT_EQ(got.fault, FaultKind::too_large);
  EXPECT_EQ(got.source, FaultSource::client);
}

// Takes nothing of the request for as long as it lives.
struct Unwilling {
  std::promise<void> over;
  std::shared_future<void> is_over = over.get_future().share();
  ScriptedServer server{[this](Conversation&) { is_over.wait(); }};
  ~Unwilling() { over.set_value(); }
};

TEST(RequestUpload, AnUpstreamThatTakesNothingTimesOut) {
  Unwilling upstream;
  ClientBench bench;
  Call call(upstream.server.port(), numbers(64 * 1024 * 1024));
  call.call.idle_timeout = std::chrono::milliseconds(50);
  EXPECT_EQ(bench.run(bench.fetch(call.call)).fault, FaultKind::timed_out);
}

TEST(RequestUpload, OfABodyThatIsHeldTheSendingCountsAsWaitingForTheAnswer) {
  Unwilling upstream;
  ClientBench bench;
  Call call(upstream.server.port(), numbers(64 * 1024 * 1024));
  call.call.head_timeout = std::chrono::milliseconds(50);
  call.call.idle_timeout = std::chrono::hours(1);
  EXPECT_EQ(bench.run(bench.fetch(call.call)).fault, FaultKind::timed_out);
}

TEST(RequestUpload, AStreamThatTheUpstreamDoesNotTakeIsHeldUpForNoLongerThanItsHeadMay) {
  Unwilling upstream;
  ClientBench bench;
  Call call(upstream.server.port());
  Pieces source({numbers(64 * 1024 * 1024)});
  call.call.body = {};
  call.call.stream = &source;
  call.call.head_timeout = std::chrono::milliseconds(50);
  call.call.idle_timeout = std::chrono::hours(1);
  EXPECT_EQ(bench.run(bench.fetch(call.call)).fault, FaultKind::timed_out);
}

TEST(RequestUpload, AStreamMayComeSlowlyFromItsClient) {
  ScriptedServer server([](Conversation& with) {
    with.read_through("0\r\n\r\n");
    with.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    with.wait_until_closed();
  });
  ClientBench bench;
  Call call(server.port());
  StuckSource source(bench.loop, "first", std::chrono::milliseconds(600));
  call.call.body = {};
  call.call.stream = &source;
  call.call.stream_chunked = true;
  call.call.head_timeout = std::chrono::milliseconds(200);
  EXPECT_EQ(bench.run(bench.fetch(call.call)).payload, "ok");
}

TEST(RequestUpload, CancellingEndsItWhereverItWaits) {
  std::promise<void> over;
  auto is_over = over.get_future().share();
  ScriptedServer server([is_over](Conversation& with) {
    with.read_head();
    is_over.wait();
  });
  ClientBench bench;
  Call call(server.port(), numbers(64 * 1024 * 1024));
  std::optional<Received> got;
  bench.begin(bench.fetch(call.call), got);
  bench.turn_until([&] { return server.accepted() == 1; });
  bench.loop.turn(std::chrono::milliseconds(1));
  call.cancel.fire();
  bench.turn_until([&] { return got.has_value(); });
  EXPECT_EQ(got->fault, FaultKind::cancelled);
  over.set_value();
}

}  // namespace
}  // namespace obleth::adapters
