#include "wire/header_rules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "wire/http_head.hpp"

namespace obleth::wire {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = text.find("\r\n", at);
    if (end == std::string::npos) return {"a line without CR LF: " + text.substr(at)};
    lines.push_back(text.substr(at, end - at));
    at = end + 2;
  }
  return lines;
}

std::vector<std::string> forwarded(const std::string& lines, const ForwardedExtras& extras = {}) {
  const std::string bytes = "POST / HTTP/1.1\r\nHost: obleth\r\n" + lines + "\r\n";
  RequestHead head;
  EXPECT_TRUE(std::holds_alternative<ParsedHead>(parse_request_head(bytes, 0, HeadLimits{}, head)));
  std::string out;
  append_forwarded_headers(out, head, extras);
  std::vector<std::string> sent = split_lines(out);
  EXPECT_EQ(sent.back(), "Via: 1.1 obleth");
  sent.pop_back();
  return sent;
}

std::vector<std::string> relayed(const std::string& lines) {
  const std::string bytes = "HTTP/1.1 200 OK\r\n" + lines + "\r\n";
  ResponseHead head;
  EXPECT_TRUE(std::holds_alternative<ParsedHead>(parse_response_head(bytes, 0, HeadLimits{}, "POST", head)));
  std::string out;
  append_relayed_headers(out, head);
  return split_lines(out);
}

TEST(ForwardedHeaders, UnknownOnesPassInOrderAndRepeated) {
  EXPECT_THAT(forwarded("X-B: 2\r\nX-A: 1\r\nX-B: 3\r\nOpenAI-Organization: o\r\nContent-Type: application/json\r\n"),
              ElementsAre("X-B: 2", "X-A: 1", "X-B: 3", "OpenAI-Organization: o", "Content-Type: application/json"));
}

TEST(ForwardedHeaders, HopByHopAndFramingStayHere) {
  EXPECT_THAT(forwarded("Connection: keep-alive\r\nKeep-Alive: 5\r\nTE: trailers\r\nTrailer: X\r\nExpect: x\r\n"
                        "Content-Length: 1\r\nProxy-Connection: close\r\nProxy-Authorization: Basic a\r\n"),
              IsEmpty());
  EXPECT_THAT(forwarded("Transfer-Encoding: chunked\r\nHTTP2-Settings: AA\r\n"), IsEmpty());
}

TEST(ForwardedHeaders, CredentialsForUsNeverLeave) {
  EXPECT_THAT(forwarded("Authorization: Bearer sk_a\r\nX-API-Key: sk_b\r\nx-api-key: sk_c\r\n"), IsEmpty());
}

TEST(ForwardedHeaders, ClaimsOfAnotherIdentityNeverLeave) {
  EXPECT_THAT(forwarded("User: root\r\nX-Gateway-Inference-Fairness-Id: a\r\nx-llm-d-inference-fairness-id: b\r\n"
                        "User-Agent: curl\r\n"),
              ElementsAre("User-Agent: curl"));
}

TEST(ForwardedHeaders, WhatConnectionNamesStaysHere) {
  EXPECT_THAT(forwarded("Connection: close, X-One , x-two\r\nX-One: 1\r\nX-TWO: 2\r\nX-Three: 3\r\n"
                        "Connection: X-Three\r\nX-Four: 4\r\n"),
              ElementsAre("X-Four: 4"));
}

TEST(ForwardedHeaders, ConnectionCannotStripWhatWeAdd) {
  const std::vector<std::pair<std::string_view, std::string_view>> add = {{"x-org", "ours"}};
  ForwardedExtras extras;
  extras.authority = "up:8000";
  extras.credential = "Bearer up";
  extras.request_id = "e1";
  extras.traceparent = "tp";
  extras.identity_encoding = true;
  extras.add = add;
  EXPECT_THAT(forwarded("Connection: host, authorization, x-org, x-request-id, traceparent, accept-encoding, via\r\n"
                        "Via: 1.0 fred\r\n",
                        extras),
              ElementsAre("Host: up:8000", "Authorization: Bearer up", "Accept-Encoding: identity", "x-org: ours",
                          "x-request-id: e1", "traceparent: tp"));
}

TEST(ForwardedHeaders, OursTakeThePlaceOfTheClients) {
  const std::vector<std::pair<std::string_view, std::string_view>> add = {{"X-Org", "ours"}};
  ForwardedExtras extras;
  extras.request_id = "e1";
  extras.identity_encoding = true;
  extras.add = add;
  EXPECT_THAT(forwarded("x-request-id: c\r\ntraceparent: c\r\naccept-encoding: gzip\r\nx-org: theirs\r\n", extras),
              ElementsAre("Accept-Encoding: identity", "X-Org: ours", "x-request-id: e1"));
}

TEST(ForwardedHeaders, AcceptEncodingPassesWhereTheAnswerIsNotRead) {
  EXPECT_THAT(forwarded("Accept-Encoding: gzip, br\r\n"), ElementsAre("Accept-Encoding: gzip, br"));
}

TEST(ForwardedHeaders, TheOperatorsListIsStripped) {
  const std::vector<std::string> strip = {"X-Internal", "cookie"};
  ForwardedExtras extras;
  extras.strip = strip;
  EXPECT_THAT(forwarded("x-internal: 1\r\nCookie: a\r\nX-Internal-2: 2\r\n", extras), ElementsAre("X-Internal-2: 2"));
}

TEST(ForwardedHeaders, EarlierViaStays) {
  EXPECT_THAT(forwarded("Via: 1.1 haproxy\r\n"), ElementsAre("Via: 1.1 haproxy"));
}

TEST(RelayedHeaders, EverythingButHopByHopAndFramingPasses) {
  EXPECT_THAT(
      relayed("Date: d\r\nServer: uvicorn\r\nContent-Type: a\r\nContent-Length: 5\r\nRetry-After: 3\r\n"
              "Set-Cookie: a\r\nSet-Cookie: b\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\n"),
      ElementsAre("Date: d", "Server: uvicorn", "Content-Type: a", "Retry-After: 3", "Set-Cookie: a", "Set-Cookie: b"));
  EXPECT_THAT(relayed("Transfer-Encoding: chunked\r\nTrailer: X\r\nUpgrade: h2c\r\nProxy-Authenticate: Basic\r\n"),
              IsEmpty());
}

TEST(RelayedHeaders, TheUpstreamsIdAndRateLimitsAreRenamed) {
  EXPECT_THAT(relayed("X-Request-Id: u\r\nx-ratelimit-limit-tokens: 5\r\nX-RateLimit-Reset-Requests: 1s\r\n"
                      "x-ratelimited: no\r\nanthropic-ratelimit-x: 1\r\n"),
              ElementsAre("x-upstream-Request-Id: u", "x-upstream-ratelimit-limit-tokens: 5",
                          "x-upstream-RateLimit-Reset-Requests: 1s", "x-ratelimited: no", "anthropic-ratelimit-x: 1"));
}

TEST(RelayedHeaders, AnIdByAnthropicsNameIsRenamedAndToldOnce) {
  EXPECT_THAT(relayed("Request-Id: r\r\nx-request-ids: a\r\n"),
              ElementsAre("x-upstream-Request-Id: r", "x-request-ids: a"));
  EXPECT_THAT(relayed("request-id: r\r\nx-request-id: u\r\n"), ElementsAre("x-upstream-request-id: u"));
}

TEST(RelayedHeaders, OnlyWeSpeakAsObleth) {
  EXPECT_THAT(relayed("x-obleth-admission: fast\r\nX-Obleth-Anything: 1\r\nX-Oblethic: 1\r\n"),
              ElementsAre("X-Oblethic: 1"));
}

constexpr const char* new_trace = "11111111111111111111111111111111";
constexpr const char* our_span = "2222222222222222";

TEST(Traceparent, AValidOneIsContinuedUnderOurSpan) {
  EXPECT_EQ(continue_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00", new_trace, our_span),
            "00-4bf92f3577b34da6a3ce929d0e0e4736-2222222222222222-00");
  EXPECT_EQ(continue_traceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", new_trace, our_span),
            "00-4bf92f3577b34da6a3ce929d0e0e4736-2222222222222222-01");
}

TEST(Traceparent, AnInvalidOneStartsANewTrace) {
  const std::string fresh = "00-11111111111111111111111111111111-2222222222222222-01";
  EXPECT_EQ(continue_traceparent(std::nullopt, new_trace, our_span), fresh);
  for (const char* received : {
           "",
           "00",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-011",
           "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
           "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
           "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
           "00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01",
       }) {
    EXPECT_EQ(continue_traceparent(received, new_trace, our_span), fresh) << received;
  }
}

TEST(BearerToken, TheSchemeMatchesInAnyCase) {
  EXPECT_EQ(bearer_token("Bearer sk_a"), "sk_a");
  EXPECT_EQ(bearer_token("bEARER   sk_a"), "sk_a");
  for (const char* value :
       {"", "Bearer", "Bearer ", "Basic sk_a", "Bearersk_a", "Bearer a b", "sk_a", "Bearer\tsk_a"}) {
    EXPECT_EQ(bearer_token(value), std::nullopt) << value;
  }
}

TEST(RequestId, OneTo128VisibleCharactersAreAccepted) {
  EXPECT_TRUE(is_acceptable_request_id("a"));
  EXPECT_TRUE(is_acceptable_request_id(std::string(128, '~')));
  EXPECT_FALSE(is_acceptable_request_id(""));
  EXPECT_FALSE(is_acceptable_request_id(std::string(129, 'a')));
  EXPECT_FALSE(is_acceptable_request_id("a b"));
  EXPECT_FALSE(is_acceptable_request_id("a\tb"));
  EXPECT_FALSE(is_acceptable_request_id("caf\xC3\xA9"));
}

TEST(RequestId, IsMadeOutOfAHeadThatTheGrammarRefused) {
  EXPECT_EQ(claimed_request_id("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nX-Request-ID:  mine-1 \r\n\r\n"), "mine-1");
  EXPECT_EQ(claimed_request_id("junk\nx-request-id:a\n\n"), "a");
  EXPECT_EQ(claimed_request_id("GET / HTTP/1.1\r\nx-request-id: cut"), "");
  for (const char* none :
       {"", "x-request-id: first line\r\n", "GET /\r\nx-request-id:\r\n", "GET /\r\nx-request-id: a b\r\n",
        "GET /\r\nax-request-id: a\r\n", "GET /\r\nx-request-id: \x01\r\n"})
    EXPECT_EQ(claimed_request_id(none), "") << none;
}

TEST(ForwardedHeaders, TracestateNeedsTheTraceThatItBelongsTo) {
  const std::string parent = "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n";
  EXPECT_THAT(forwarded(parent + "tracestate: a=1\r\nTraceState: b=2\r\n"),
              ElementsAre("tracestate: a=1", "TraceState: b=2"));
  EXPECT_THAT(forwarded("tracestate: a=1\r\n"), IsEmpty());
  EXPECT_THAT(forwarded("traceparent: 00-x-y-01\r\ntracestate: a=1\r\n"), IsEmpty());
}

TEST(RelayedHeaders, WhichSitesMayCallIsOursToSay) {
  EXPECT_THAT(relayed("Access-Control-Allow-Origin: *\r\naccess-control-expose-headers: x\r\nVary: Origin\r\n"),
              ElementsAre("Vary: Origin"));
}

TEST(ReplayableHeaders, WhatIsOneRequestsOwnIsLeftOut) {
  EXPECT_EQ(replayable_headers("Content-Type: application/json\r\nDate: now\r\nX-Upstream-Request-Id: 1\r\n"
                               "Retry-After: 1\r\nretry-after-ms: 900\r\n"
                               "x-upstream-ratelimit-limit-tokens: 5\r\nServer: vllm\r\nAge: 4\r\nVary: Origin\r\n"
                               "anthropic-ratelimit-tokens-limit: 5\r\nRateLimit-Policy: 5\r\nx-other: a: b\r\n"),
            "Content-Type: application/json\r\nServer: vllm\r\nVary: Origin\r\nx-other: a: b\r\n");
  EXPECT_EQ(replayable_headers(""), "");
}

TEST(ReplayableHeaders, WhatSetsACookieIsOneClientsAlone) {
  EXPECT_EQ(replayable_headers("Content-Type: a\r\nset-cookie: b=c\r\n"), std::nullopt);
}

TEST(CacheWish, TheStrongestOfAllLinesCounts) {
  const auto wish = [](const std::string& lines) {
    const std::string bytes = "POST / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n";
    RequestHead head;
    EXPECT_TRUE(std::holds_alternative<ParsedHead>(parse_request_head(bytes, 0, HeadLimits{}, head)));
    return cache_wish_of(head);
  };
  EXPECT_EQ(wish(""), CacheWish::anything);
  EXPECT_EQ(wish("Cache-Control: max-age=0, no-transform\r\n"), CacheWish::anything);
  EXPECT_EQ(wish("Cache-Control: No-Cache\r\n"), CacheWish::no_cache);
  EXPECT_EQ(wish("cache-control: no-store ,no-cache\r\n"), CacheWish::no_store);
  EXPECT_EQ(wish("Cache-Control: no-store\r\nCache-Control: no-cache\r\n"), CacheWish::no_store);
  EXPECT_EQ(wish("Cache-Control: no-storehouse\r\n"), CacheWish::anything);
}

}  // namespace
}  // namespace obleth::wire
