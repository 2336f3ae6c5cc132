// The grammar of response heads, and which framing follows from them.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "wire/http_head.hpp"

namespace obleth::wire {
namespace {

// A head with the bytes that its views point into.
struct KeptHead : ResponseHead {
  std::string bytes;
};

HeadOutcome parse(std::string bytes, KeptHead& head, std::string_view method = "POST") {
  head.bytes = std::move(bytes);
  return parse_response_head(head.bytes, 0, HeadLimits{}, method, head);
}

bool is_refused(const HeadOutcome& outcome) {
  return std::holds_alternative<HeadFault>(outcome);
}

std::string ok_with(const std::string& lines) {
  return "HTTP/1.1 200 OK\r\n" + lines + "\r\n";
}

std::vector<std::string> malformed_responses() {
  return {
      "\r\n\r\n",
      "\r\nHTTP/1.1 200 OK\r\n\r\n",
      "HTTP/1.1 200 OK\n\n",
      "HTTP/1.1 200 OK\nA: b\r\n\r\n",
      "HTTP/1.1\r\n\r\n",
      "HTTP/1.1 \r\n\r\n",
      "HTTP/1.1 20\r\n\r\n",
      "HTTP/1.1 2000 OK\r\n\r\n",
      "HTTP/1.1 200OK\r\n\r\n",
      "HTTP/1.1  200 OK\r\n\r\n",
      "HTTP/1.1\t200 OK\r\n\r\n",
      "HTTP/1.1 2x0 OK\r\n\r\n",
      "HTTP/1.1 -20 OK\r\n\r\n",
      "HTTP/1.1 000 OK\r\n\r\n",
      "HTTP/1.1 099 OK\r\n\r\n",
      "HTTP/1.1 600 OK\r\n\r\n",
      "HTTP/1.1 999 OK\r\n\r\n",
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
      "HTTP/2.0 200 OK\r\n\r\n",
      "HTTP/1.2 200 OK\r\n\r\n",
      "HTTP/0.9 200 OK\r\n\r\n",
      "http/1.1 200 OK\r\n\r\n",
      "ICY 200 OK\r\n\r\n",
      "200 OK\r\n\r\n",
      " HTTP/1.1 200 OK\r\n\r\n",
      "HTTP/1.1 200 O\x01K\r\n\r\n",
      "HTTP/1.1 200 O\rK\r\n\r\n",
      "HTTP/1.1 200 OK\r\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
      ok_with("A : b\r\n"),
      ok_with("A\r\n"),
      ok_with(": b\r\n"),
      ok_with(" A: b\r\n"),
      ok_with("A: b\r\n c\r\n"),
      ok_with("A: b\rc\r\n"),
      ok_with("A: b\nc\r\n"),
      ok_with("A: b\x01\r\n"),
      ok_with("Content-Length: 5\r\nContent-Length: 5\r\n"),
      ok_with("Content-Length: 5, 5\r\n"),
      ok_with("Content-Length: +5\r\n"),
      ok_with("Content-Length: 99999999999999999999\r\n"),
      ok_with("Content-Length: \r\n"),
      ok_with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
      ok_with("Transfer-Encoding: gzip, chunked\r\n"),
      ok_with("Transfer-Encoding: identity\r\n"),
      ok_with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
      "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
      ok_with("A: " + std::string(70'000, 'a') + "\r\n"),
      std::string(65'536, 'H'),
  };
}

TEST(ResponseHead, MalformedHeadsAreRefused) {
  for (const std::string& bytes : malformed_responses()) {
    KeptHead head;
    EXPECT_TRUE(is_refused(parse(bytes, head))) << bytes.substr(0, 80);
  }
}

TEST(ResponseHead, TheSplitOfTheBytesChangesNoRefusal) {
  for (const std::string& bytes : malformed_responses()) {
    KeptHead head;
    HeadOutcome outcome = NeedMoreBytes{};
    for (std::size_t have = 1; have <= bytes.size() && std::holds_alternative<NeedMoreBytes>(outcome); ++have) {
      outcome = parse_response_head(std::string_view(bytes).substr(0, have), have - 1, HeadLimits{}, "POST", head);
    }
    EXPECT_TRUE(is_refused(outcome)) << bytes.substr(0, 80);
  }
}

TEST(ResponseHead, FramingFollowsMethodStatusAndHeaders) {
  struct Case {
    const char* name;
    std::string bytes;
    const char* method;
    BodyFraming framing;
    bool keep_alive;
  };
  const std::string chunked = "Transfer-Encoding: chunked\r\n\r\n";
  const std::string five = "Content-Length: 5\r\n\r\n";
  const std::vector<Case> cases = {
      {"length", "HTTP/1.1 200 OK\r\n" + five, "POST", BodyFraming::length, true},
      {"zero length", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "POST", BodyFraming::none, true},
      {"chunked", "HTTP/1.1 200 OK\r\n" + chunked, "POST", BodyFraming::chunked, true},
      {"until close", "HTTP/1.1 200 OK\r\n\r\n", "POST", BodyFraming::until_close, false},
      {"until close in 1.0", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n", "POST", BodyFraming::until_close,
       false},
      {"1.0 closes", "HTTP/1.0 200 OK\r\n" + five, "POST", BodyFraming::length, false},
      {"1.0 keeps alive", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" + five, "POST", BodyFraming::length, true},
      {"1.1 closes", "HTTP/1.1 200 OK\r\nConnection: close\r\n" + five, "POST", BodyFraming::length, false},
      {"HEAD with length", "HTTP/1.1 200 OK\r\n" + five, "HEAD", BodyFraming::none, true},
      {"HEAD with chunked", "HTTP/1.1 200 OK\r\n" + chunked, "HEAD", BodyFraming::none, true},
      {"HEAD without framing", "HTTP/1.1 200 OK\r\n\r\n", "HEAD", BodyFraming::none, true},
      {"interim", "HTTP/1.1 100 Continue\r\n\r\n", "POST", BodyFraming::none, true},
      {"early hints", "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n", "POST", BodyFraming::none, true},
      {"no content", "HTTP/1.1 204 No Content\r\n\r\n", "POST", BodyFraming::none, true},
      {"no content that has content", "HTTP/1.1 204 No Content\r\n" + five, "POST", BodyFraming::none, false},
      {"not modified", "HTTP/1.1 304 Not Modified\r\n" + five, "GET", BodyFraming::none, true},
      {"error", "HTTP/1.1 503 Busy\r\n" + five, "POST", BodyFraming::length, true},
  };
  for (const Case& one : cases) {
    KeptHead head;
    const HeadOutcome outcome = parse(one.bytes, head, one.method);
    const auto* parsed = std::get_if<ParsedHead>(&outcome);
    ASSERT_NE(parsed, nullptr) << one.name;
    EXPECT_EQ(parsed->bytes, one.bytes.size()) << one.name;
    EXPECT_EQ(head.framing, one.framing) << one.name;
    EXPECT_EQ(head.keep_alive, one.keep_alive) << one.name;
  }
}

TEST(ResponseHead, ReasonMayBeEmptyOrMissing) {
  for (const char* line : {"HTTP/1.1 404 ", "HTTP/1.1 404", "HTTP/1.1 404 Not  Found\t\xFF"}) {
    KeptHead head;
    EXPECT_FALSE(is_refused(parse(std::string(line) + "\r\n\r\n", head))) << line;
    EXPECT_EQ(head.status, 404);
  }
}

TEST(ResponseHead, HostAndAuthorizationAreHeadersLikeAnyOther) {
  KeptHead head;
  EXPECT_FALSE(is_refused(parse(ok_with("Host: x y\r\nHost:\r\nAuthorization: a\r\nAuthorization: b\r\n"), head)));
  EXPECT_EQ(head.fields.fields().size(), 4U);
}

}  // namespace
}  // namespace obleth::wire
