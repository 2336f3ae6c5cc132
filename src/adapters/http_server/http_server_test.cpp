// The server over real sockets: framing, keep-alive, limits, time-outs, departures.
#include "adapters/http_server/http_server.hpp"

#include "adapters/http_server/serving_fixture.hpp"

namespace obleth::adapters::testing {
namespace {

using ::testing::Test;

TEST(HttpServer, KeepsTheConnectionForTheNextRequest) {
  RunningServer server;
  BluntClient client(server.port());
  for (int round = 0; round < 3; ++round) {
    client.send(get("/hello"));
    const std::string answer = client.read_answer();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\nx-test: yes\r\nDate: ")) << answer;
    EXPECT_TRUE(answer.ends_with("GMT\r\nContent-Length: 5\r\n\r\nhello")) << answer;
  }
  EXPECT_EQ(server.listener().open_connections(), 1U);
}

TEST(HttpServer, AnswersPipelinedRequestsInOrder) {
  RunningServer server;
  BluntClient client(server.port());
  std::string requests;
  for (int at = 0; at < 200; ++at)
    requests += post("/echo", "body " + std::to_string(at));
  client.send(requests);
  for (int at = 0; at < 200; ++at)
    EXPECT_TRUE(client.read_answer().ends_with("\r\n\r\nbody " + std::to_string(at)));
}

TEST(HttpServer, AcceptsARequestSplitAtEveryByte) {
  RunningServer server;
  const std::string chunked =
      "POST /echo HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\na;x=y\r\n0123456789\r\n0\r\nTrailer: dropped\r\n\r\n";
  const std::string plain = post("/echo", "0123456789");
  BluntClient client(server.port());
  for (const std::string& request : {chunked, plain}) {
    const std::string payload = request == chunked ? "abc0123456789" : "0123456789";
    for (std::size_t at = 1; at < request.size(); ++at) {
      client.send(std::string_view(request).substr(0, at));
      server.on_loop([](HttpServer&) {});  // the first part is read before the second is sent
      client.send(std::string_view(request).substr(at));
      const std::string answer = client.read_answer();
      ASSERT_TRUE(answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\n" + payload)) << at << answer;
    }
  }
}

TEST(HttpServer, FramesAnAnswerOfUnknownLengthAsChunks) {
  RunningServer server;
  BluntClient client(server.port());
  client.send(get("/pieces"));
  const std::string answer = client.read_until("0\r\n\r\n");
  EXPECT_NE(answer.find("Transfer-Encoding: chunked\r\n\r\n4\r\none \r\n4\r\ntwo \r\n5\r\nthree\r\n0\r\n\r\n"),
            std::string::npos)
      << answer;
}

TEST(HttpServer, HearsTheNextRequestAfterAServiceForgotTheHead) {
  RunningServer server;
  BluntClient client(server.port());
  client.send(get("/pieces"));
  EXPECT_TRUE(client.read_until("0\r\n\r\n").ends_with("three\r\n0\r\n\r\n"));
  client.send(post("/echo", "next"));
  EXPECT_TRUE(client.read_answer().ends_with("next"));
}

TEST(HttpServer, EndsAnAnswerToHttp10ByClosing) {
  RunningServer server;
  BluntClient client(server.port());
  client.send("GET /pieces HTTP/1.0\r\n\r\n");
  const std::string answer = client.read_to_end();
  EXPECT_EQ(answer.find("chunked"), std::string::npos);
  EXPECT_NE(answer.find("Connection: close\r\n\r\none two three"), std::string::npos) << answer;
}

TEST(HttpServer, KeepsAnHttp10ConnectionThatAsksForIt) {
  RunningServer server;
  BluntClient client(server.port());
  for (int round = 0; round < 2; ++round) {
    client.send("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_NE(client.read_answer().find("Connection: keep-alive\r\n\r\nhello"), std::string::npos);
  }
}

TEST(HttpServer, SendsNoBodyToHeadAndWith204) {
  RunningServer server;
  BluntClient client(server.port());
  client.send("HEAD /hello HTTP/1.1\r\nHost: here\r\n\r\n" + get("/empty") + get("/hello"));
  const std::string answers = client.read_until("hello");
  EXPECT_NE(answers.find("Content-Length: 5\r\n\r\nHTTP/1.1 204 No Content\r\n"), std::string::npos) << answers;
  const std::string after_204 = answers.substr(answers.find("204"));
  EXPECT_EQ(after_204.substr(0, after_204.find("\r\n\r\n")).find("Content-Length"), std::string::npos);
}

TEST(HttpServer, ContinuesAClientThatAsksBeforeItsBody) {
  RunningServer server;
  BluntClient client(server.port());
  client.send("POST /echo HTTP/1.1\r\nHost: here\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("body");
  EXPECT_TRUE(client.read_answer().ends_with("\r\n\r\nbody"));
}

TEST(HttpServer, KeepsTheConnectionOfAClientThatAskedAndDidNotWait) {
  RunningServer server;
  BluntClient client(server.port());
  client.send("POST /echo HTTP/1.1\r\nHost: here\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\nbody" +
              get("/hello"));
  EXPECT_TRUE(client.read_answer().ends_with("\r\n\r\nbody"));
  EXPECT_TRUE(client.read_answer().ends_with("hello"));
}

TEST(HttpServer, TakesABodyAsLargeAsItsBoundAndNotOneByteMore) {
  HttpServerSettings settings;
  settings.body_bytes_max = 3 << 20;
  RunningServer server(settings);
  BluntClient client(server.port());
  const std::string body(settings.body_bytes_max, 'L');
  client.send(post("/echo", body));
  const std::string answer = client.read_answer();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\n" + body));
  client.send(post("/echo", body + "x").substr(0, 500));
  EXPECT_TRUE(client.read_answer().starts_with("HTTP/1.1 413"));
}

TEST(HttpServer, ClosesWhenItRefusesBeforeTheClientWasContinued) {
  RunningServer server;
  BluntClient client(server.port());
  client.send("POST /refuse HTTP/1.1\r\nHost: here\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  const std::string answer = client.read_to_end();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 413")) << answer;
  EXPECT_NE(answer.find("Connection: close"), std::string::npos);
}

TEST(HttpServer, LimitsABodyInclusivelyAndAfterDecoding) {
  RunningServer server;
  BluntClient client(server.port());
  const std::string head = "POST /echo HTTP/1.1\r\nHost: here\r\nx-limit: 10\r\n";
  client.send(head + "Content-Length: 10\r\n\r\n0123456789");
  EXPECT_TRUE(client.read_answer().starts_with("HTTP/1.1 200"));
  client.send(head + "Transfer-Encoding: chunked\r\n\r\n1\r\n0\r\n9\r\n123456789\r\n0\r\n\r\n");
  EXPECT_TRUE(client.read_answer().starts_with("HTTP/1.1 200"));
  client.send(head + "Transfer-Encoding: chunked\r\n\r\n1\r\n0\r\na\r\n1234567890\r\n0\r\n\r\n");
  EXPECT_TRUE(client.read_answer().starts_with("HTTP/1.1 413"));
  EXPECT_EQ(client.read_to_end(), "");
  BluntClient other(server.port());
  other.send(head + "Content-Length: 11\r\n\r\n");
  EXPECT_TRUE(other.read_answer().starts_with("HTTP/1.1 413"));
}

TEST(HttpServer, LetsAClientThatIsStillSendingReadItsRefusal) {
  RunningServer server;
  BluntClient client(server.port());
  const std::string body(900 * 1024, 'b');
  client.send("POST /echo HTTP/1.1\r\nHost: here\r\nx-limit: 10\r\nContent-Length: 921600\r\n\r\n");
  client.send(body);
  const std::string answer = client.read_answer();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 413")) << answer;
  EXPECT_NE(answer.find("Connection: close"), std::string::npos);
}

TEST(HttpServer, ReadsPastASmallBodyThatTheServiceLeft) {
  RunningServer server;
  BluntClient client(server.port());
  client.send(post("/hello", std::string(100'000, 'x')));
  EXPECT_TRUE(client.read_answer().ends_with("hello"));
  client.send(get("/hello"));
  EXPECT_TRUE(client.read_answer().ends_with("hello"));
}

TEST(HttpServer, SaysThatItClosesWhereItAnswersBeforeALongBody) {
  RunningServer server;
  for (const char* framing : {"Content-Length: 2000000", "Transfer-Encoding: chunked"}) {
    BluntClient client(server.port());
    client.send(std::string("POST /hello HTTP/1.1\r\nHost: here\r\n") + framing + "\r\n\r\n");
    EXPECT_TRUE(client.read_answer().contains("Connection: close")) << framing;
  }
}

TEST(HttpServer, RelaysABodyWhileItArrives) {
  RunningServer server;
  BluntClient client(server.port());
  client.send("POST /relay HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n");
  client.send("5\r\nfirst\r\n");
  EXPECT_NE(client.read_until("5\r\nfirst\r\n").find("5\r\nfirst\r\n"), std::string::npos);
  client.send("6\r\nsecond\r\n0\r\n\r\n");
  EXPECT_NE(client.read_until("0\r\n\r\n").find("6\r\nsecond\r\n0\r\n\r\n"), std::string::npos);
}

TEST(HttpServer, AnswersForAServiceThatDidNot) {
  RunningServer server;
  BluntClient client(server.port());
  client.send(get("/silent"));
  EXPECT_TRUE(client.read_to_end().starts_with("HTTP/1.1 500"));
}

TEST(HttpServer, ClosesAfterAnAnswerThatIsShorterThanItSaid) {
  RunningServer server;
  BluntClient client(server.port());
  client.send(get("/short") + get("/hello"));
  EXPECT_TRUE(client.read_to_end().ends_with("\r\n\r\nshort"));
}

TEST(HttpServer, RefusesAHeadThatComesTooSlowly) {
  HttpServerSettings settings;
  settings.header_timeout = std::chrono::milliseconds(40);
  RunningServer server(settings);
  BluntClient client(server.port());
  client.send("GET /hello HTTP/1.1\r\nHost:");
  EXPECT_TRUE(client.read_to_end().starts_with("HTTP/1.1 408"));
  EXPECT_EQ(server.service.served, 0);
}

TEST(HttpServer, RefusesABodyThatStalls) {
  HttpServerSettings settings;
  settings.body_stall_max = std::chrono::milliseconds(40);
  RunningServer server(settings);
  BluntClient client(server.port());
  client.send("POST /echo HTTP/1.1\r\nHost: here\r\nContent-Length: 4\r\n\r\nbo");
  EXPECT_TRUE(client.read_to_end().starts_with("HTTP/1.1 408"));
}

TEST(HttpServer, ClosesAnIdleConnectionWithoutAWord) {
  HttpServerSettings settings;
  settings.idle_timeout = std::chrono::milliseconds(40);
  RunningServer server(settings);
  BluntClient client(server.port());
  client.send(get("/hello"));
  EXPECT_TRUE(client.read_answer().ends_with("hello"));
  EXPECT_EQ(client.read_to_end(), "");
}

TEST(HttpServer, GivesUpOnAClientThatReadsNothing) {
  HttpServerSettings settings;
  settings.write_stall_max = std::chrono::milliseconds(60);
  RunningServer server(settings);
  BluntClient client(server.port(), 4096);
  client.send(get("/flood"));
  auto gone = server.service.departed.get_future();
  EXPECT_EQ(gone.wait_for(patience), std::future_status::ready);
  // What the kernel holds for a client that does not read; the server itself holds nothing.
  EXPECT_LT(server.service.flooded_bytes, 8U << 20);
  server.await_connections(0);
}

TEST(HttpServer, TellsTheServiceAtOnceWhenTheClientEnds) {
  RunningServer server;
  auto waiting = server.service.waiting.get_future();
  auto departed = server.service.departed.get_future();
  BluntClient client(server.port());
  client.send(get("/wait"));
  waiting.wait();
  const auto left_at = std::chrono::steady_clock::now();
  client.finish_sending();  // half-closed counts as gone
  ASSERT_EQ(departed.wait_for(patience), std::future_status::ready);
  EXPECT_LT(std::chrono::steady_clock::now() - left_at, std::chrono::seconds(1));
  EXPECT_EQ(client.read_to_end(), "");
}

TEST(HttpServer, TellsTheServiceOfAResetBehindUnreadBytes) {
  RunningServer server;
  auto waiting = server.service.waiting.get_future();
  auto departed = server.service.departed.get_future();
  BluntClient client(server.port());
  client.send(get("/wait"));
  waiting.wait();
  client.send(std::string(50'000, 'p'));  // pipelined, kept by the kernel
  client.reset_connection();
  EXPECT_EQ(departed.wait_for(patience), std::future_status::ready);
  server.await_connections(0);
}

TEST(HttpServer, SurvivesClientsThatLeaveAtEveryByte) {
  RunningServer server;
  const std::string chunked =
      "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n5\r\nfirst\r\n6\r\nsecond\r\n0\r\n\r\n";
  for (const std::string& request :
       {"POST /relay HTTP/1.1\r\nHost: here\r\n" + chunked, "POST /echo HTTP/1.1\r\nHost: here\r\n" + chunked,
        get("/pieces") + get("/hello")}) {
    for (std::size_t at = 0; at <= request.size(); ++at) {
      BluntClient resets(server.port());
      BluntClient closes(server.port());
      BluntClient half_closes(server.port());
      for (const BluntClient* client : {&resets, &closes, &half_closes})
        client->send(std::string_view(request).substr(0, at));
      if (at % 2 == 0) server.on_loop([](HttpServer&) {});  // sometimes it has read them, sometimes not
      resets.reset_connection();
      closes.close();
      half_closes.finish_sending();
      half_closes.read_to_end();
    }
  }
  server.await_connections(0);
}

TEST(HttpServer, StillAnswersAClientThatHasHalfClosed) {
  RunningServer server;
  BluntClient client(server.port());
  client.send(get("/hello"));
  client.finish_sending();
  EXPECT_TRUE(client.read_to_end().ends_with("\r\n\r\nhello"));
}

TEST(HttpServer, KeepsAPipelinedRequestWhileAnotherRuns) {
  RunningServer server;
  BluntClient client(server.port());
  const std::string large = post("/echo", std::string(60'000, 'k'));
  client.send("POST /relay HTTP/1.1\r\nHost: here\r\nContent-Length: 2\r\n\r\na");
  EXPECT_NE(client.read_until("1\r\na\r\n").find("200 OK"), std::string::npos);
  client.send("b" + large + get("/hello"));
  EXPECT_NE(client.read_until("hello").find(std::string(60'000, 'k')), std::string::npos);
}

TEST(HttpServer, WhatItRefusesByItselfIsToldUnderTheIdOfTheAnswer) {
  HttpServerSettings settings;
  settings.header_timeout = std::chrono::milliseconds(1);
  settings.trusted_proxies = {*Cidr::parse("127.0.0.1")};
  RunningServer server(settings);
  const std::string proxied = "PROXY TCP4 5.6.7.8 127.0.0.1 4660 80\r\n";
  struct Case {
    std::string request;
    int status;
    std::string error;
  };
  const std::vector<Case> cases{
      {proxied + "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n", 501, "invalid_request_error"},
      {proxied + "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "invalid_request_error"},
      {proxied + "GET / HTTP/1.1\r\nX: " + std::string(70'000, 'x') + "\r\n\r\n", 431, "request_too_large"},
      {proxied + "GET / HTTP/1.1\r\n", 408, "invalid_request_error"}};
  for (const Case& asked : cases) {
    BluntClient client(server.port());
    client.send(asked.request);
    const std::string answer = client.read_to_end();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::to_string(asked.status))) << answer;
    server.on_loop([&](HttpServer&) {
      ASSERT_EQ(server.service.refused.size(), 1U);
      const PathService::Refused told = std::exchange(server.service.refused, {}).front();
      EXPECT_NE(answer.find("x-obleth-request-id: " + told.id + "\r\n"), std::string::npos);
      EXPECT_EQ(told.status, asked.status);
      EXPECT_EQ(told.error, asked.error);
      EXPECT_EQ(told.client_address, "5.6.7.8");
    });
  }
  EXPECT_EQ(server.service.served, 0);
}

TEST(HttpServer, RefusesMessagesInAnthropicsShape) {
  RunningServer server;
  for (const auto& [target, shape] :
       {std::pair("/v1/messages", "\r\n\r\n{\"type\":\"error\",\"error\":{\"type\":\"invalid_"),
        std::pair("/v1//messages/count_tokens?beta=true", "\r\nrequest-id: mine-1\r\n"),
        std::pair("/v1/chat/completions", "\r\n\r\n{\"error\":{\"message\":")}) {
    BluntClient client(server.port());
    client.send("POST " + std::string(target) + " HTTP/1.1\r\nx-request-id: mine-1\r\nHost: a\r\nHost: b\r\n\r\n");
    const std::string answer = client.read_to_end();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 400")) << answer;
    EXPECT_NE(answer.find(shape), std::string::npos) << answer;
  }
}

}  // namespace
}  // namespace obleth::adapters::testing
