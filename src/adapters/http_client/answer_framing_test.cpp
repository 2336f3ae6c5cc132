// Heads and bodies as an upstream may cut them, right and wrong.
#include <gtest/gtest.h>

#include "adapters/http_client/body_decoder.hpp"
#include "adapters/http_client/client_bench.hpp"
#include "adapters/http_client/scripted_server.hpp"

namespace obleth::adapters {
namespace {

Received answered_with(ScriptedServer::Script script) {
  ScriptedServer server(std::move(script));
  ClientBench bench;
  const Call call(server.port());
  return bench.run(bench.fetch(call.call));
}

Received answered_with(std::string bytes, bool reset = false) {
  return answered_with([&](Conversation& with) {
    with.read_request();
    with.send(bytes);
    if (reset) with.reset();
  });
}

TEST(AnswerHead, MayComeByteByByte) {
  const std::string answer =
      "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nTrailer: 1\r\n\r\n";
  const Received got = answered_with([&](Conversation& with) {
    with.read_request();
    for (const char& byte : answer)
      with.send({&byte, 1});
  });
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.payload, "hello world");
  EXPECT_FALSE(got.fault);
}

TEST(AnswerHead, InterimHeadsArePassedOver) {
  std::string answer;
  for (int i = 0; i < IncomingAnswer::interim_heads_max; ++i)
    answer += "HTTP/1.1 100 Continue\r\n\r\n";
  const std::string end = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  EXPECT_EQ(answered_with(answer + end).payload, "ok");
  EXPECT_EQ(answered_with(answer + "HTTP/1.1 100 Continue\r\n\r\n" + end).fault, FaultKind::bad_answer);
}

TEST(AnswerHead, WhatHttpDoesNotAllowIsABadAnswer) {
  for (const char* bytes : {
           "garbage\r\n\r\n",
           "HTTP/2 200 OK\r\n\r\n",
           "HTTP/1.1 20 OK\r\n\r\n",
           "HTTP/1.1 200 OK\r\n\x01this is no header\r\n\r\n",
           "HTTP/1.1 200 OK\r\nName : value\r\n\r\n",
           "HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
           "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello",
           "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nhello",
           "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
       })
    EXPECT_EQ(answered_with(bytes).fault, FaultKind::bad_answer) << bytes;
  EXPECT_EQ(answered_with("HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x') + "\r\n\r\n").fault,
            FaultKind::bad_answer);
}

TEST(AnswerHead, ACutOneIsBroken) {
  EXPECT_EQ(answered_with("").fault, FaultKind::broken);
  EXPECT_EQ(answered_with("HTTP/1.1 200 OK\r\nContent-Le").fault, FaultKind::broken);
  EXPECT_EQ(answered_with("HTTP/1.1 200 OK\r\nContent-Le", true).fault, FaultKind::broken);
}

TEST(AnswerBody, ACutOneGivesWhatCameAndIsBroken) {
  for (const bool reset : {false, true}) {
    for (const char* bytes : {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
                              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
                              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhello",
                              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n"}) {
      const Received got = answered_with(bytes, reset);
      EXPECT_EQ(got.payload, "hello");
      EXPECT_EQ(got.fault, FaultKind::broken) << bytes;
    }
  }
}

TEST(AnswerBody, AMalformedChunkIsABadAnswerAfterWhatCameBefore) {
  for (const char* tail : {"x\r\n", "5\nhello", "5\r\nhello!", "10000000000000000\r\n", "\r\n"}) {
    const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
    const Received got = answered_with(head + tail);
    EXPECT_TRUE(got.payload.starts_with("hello")) << tail;
    EXPECT_EQ(got.fault, FaultKind::bad_answer) << tail;
  }
}

TEST(AnswerBody, ManyChunksOfOneReadComeAsOnePiece) {
  std::string answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  std::string expected;
  for (int i = 0; i < 100; ++i) {
    answer += "a\r\n0123456789\r\n";
    expected += "0123456789";
  }
  const Received got = answered_with(answer + "0\r\n\r\n");
  EXPECT_EQ(got.payload, expected);
  EXPECT_LE(got.pieces, 2);
}

TEST(AnswerBody, LargeOnesArriveWholeInEveryFraming) {
  std::string payload;
  for (int i = 0; payload.size() < 3'000'000; ++i)
    payload += std::to_string(i) + ",";
  std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (std::size_t at = 0, size = 1; at < payload.size(); at += size, size = size * 7 % 70'001 + 1) {
    const std::string chunk = payload.substr(at, size);
    std::array<char, 16> hex{};
    chunked.append(hex.data(), std::to_chars(hex.data(), hex.data() + hex.size(), chunk.size(), 16).ptr);
    chunked += "\r\n" + chunk + "\r\n";
  }
  EXPECT_EQ(answered_with(chunked + "0\r\n\r\n").payload, payload);
  EXPECT_EQ(answered_with("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(payload.size()) + "\r\n\r\n" + payload)
                .payload,
            payload);
  EXPECT_EQ(answered_with("HTTP/1.1 200 OK\r\n\r\n" + payload).payload, payload);
}

TEST(AnswerBody, WhatCameWithTheHeadIsThereWithoutWaiting) {
  ScriptedServer server([](Conversation& with) {
    with.read_request();
    with.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
    with.wait_until_closed();
  });
  ClientBench bench;
  const Call call(server.port());
  const auto answer = bench.run(bench.client.send(call.call)).value();
  ASSERT_TRUE(answer->has_buffered());
  EXPECT_EQ(answer->head().status, 200);
  EXPECT_EQ(answer->read().run_now().value(), "hello");
  EXPECT_FALSE(answer->has_buffered());
}

TEST(BodyDecoder, GivesTheSamePayloadAtEverySplit) {
  const std::string body = "5\r\nhello\r\n1\r\n \r\nb;ext=1\r\nworld, again\r\n0\r\nT: x\r\n\r\n";
  std::string right = body;
  right.replace(right.find("b;ext"), 1, "c");
  for (std::size_t first = 1; first < right.size(); ++first) {
    ResponseHead head;
    head.framing = BodyFraming::chunked;
    BodyDecoder decoder(head);
    std::string payload;
    for (std::string part : {right.substr(0, first), right.substr(first)}) {
      const BodyDecoder::Step step = decoder.decode(part);
      payload += step.payload;
      EXPECT_EQ(step.consumed, part.size());
    }
    EXPECT_EQ(payload, "hello world, again");
    EXPECT_EQ(decoder.state(), BodyDecoder::State::done);
  }
}

}  // namespace
}  // namespace obleth::adapters
