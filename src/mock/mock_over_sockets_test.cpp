// The mock behind the real server, asked by the real client: what its failures look like on the wire.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "adapters/http_client/client_bench.hpp"
#include "adapters/http_server/http_listener.hpp"
#include "adapters/http_server/http_server.hpp"
#include "mock/mock_service.hpp"

namespace obleth::mock {
namespace {

using adapters::ClientBench;
using adapters::Received;

struct MockOverSockets : testing::Test {
  // Server and client share one loop.
  Received ask(const std::string& headers, bool stream = true) {
    adapters::Call call(listener->address().port());
    call.body = std::string(R"({"model":"mock-model","messages":[{"role":"user","content":"x"}],"stream":)") +
                (stream ? "true}" : "false}");
    call.head = "POST /v1/chat/completions HTTP/1.1\r\nHost: mock\r\n" + headers +
                "Content-Length: " + std::to_string(call.body.size()) + "\r\n\r\n";
    call.pieces = {call.body};
    call.call.head = call.head;
    call.call.body = call.pieces;
    return bench.run(bench.fetch(call.call));
  }

  ClientBench bench;
  MockService service{MockOptions{.ttft_ms = 1, .token_ms = 1, .output_tokens = 5}};
  std::unique_ptr<adapters::HttpListener> listener =
      adapters::HttpListener::open({.address = *adapters::NetAddress::parse("127.0.0.1", 0), .threads = 1}).value();
  adapters::HttpServer server{bench.loop, *listener, service};
};

std::size_t events_in(const std::string& stream) {
  std::size_t events = 0;
  for (std::size_t at = stream.find("\n\n"); at != std::string::npos; at = stream.find("\n\n", at + 2))
    ++events;
  return events;
}

TEST_F(MockOverSockets, StreamsAndKeepsItsConnections) {
  for (int round = 0; round < 3; ++round) {
    const Received got = ask("");
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(events_in(got.payload), 1U + 5 + 1 + 1);
    EXPECT_FALSE(got.fault);
  }
  EXPECT_EQ(ask("", false).status, 200);
  EXPECT_EQ(bench.client.idle_connections(), 1U);
}

TEST_F(MockOverSockets, TheSameBytesAtEverySplit) {
  for (const char* size : {"1", "13", "4096", "65536"}) {
    const Received got = ask("x-mock-chunk-bytes: " + std::string(size) + "\r\n");
    EXPECT_EQ(events_in(got.payload), 8U);
    EXPECT_TRUE(got.payload.ends_with("data: [DONE]\n\n"));
  }
}

TEST_F(MockOverSockets, FailuresAreWhatTheirNamesSay) {
  EXPECT_EQ(ask("x-mock-fail: refuse\r\n").fault, FaultKind::broken);
  EXPECT_EQ(ask("x-mock-fail: reset\r\n").fault, FaultKind::broken);
  EXPECT_EQ(ask("x-mock-fail: garbage\r\n").fault, FaultKind::bad_answer);
  EXPECT_EQ(ask("x-mock-fail: garbage\r\n", false).fault, FaultKind::bad_answer);
  EXPECT_EQ(ask("x-mock-fail: status:429\r\n").status, 429);
}

TEST_F(MockOverSockets, AResetAfterSomeEventsLosesNoneOfThem) {
  for (const std::size_t limit : {0U, 1U, 3U}) {
    const Received got = ask("x-mock-fail: reset-after:" + std::to_string(limit) + "\r\n");
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(events_in(got.payload), limit);
    EXPECT_EQ(got.fault, FaultKind::broken);
  }
  const Received cut = ask("x-mock-fail: reset-after:1\r\n", false);
  EXPECT_EQ(cut.fault, FaultKind::broken);
  EXPECT_FALSE(cut.payload.empty());
}

}  // namespace
}  // namespace obleth::mock
