#include "gateway/endpoint_prober.hpp"

#include <gtest/gtest.h>

#include "gateway/gateway_fixture.hpp"

namespace obleth::gateway {
namespace {

using Standing = resilience::EndpointHealth::Standing;

class EndpointProber : public testing::Test {
 protected:
  void probe() {
    probe_endpoints({gateway_.loop, gateway_.upstream, gateway_.endpoints, stop_}, gateway_.catalog);
    gateway_.loop.advance(Duration{0});
  }
  void probe_often() {
    for (int round = 0; round < 5; ++round)
      probe();
  }
  [[nodiscard]] Standing standing(std::size_t endpoint = 0) {
    return gateway_.endpoints.standing(gateway_.model().endpoints[endpoint].id, gateway_.loop.now()).standing;
  }
  [[nodiscard]] const std::vector<SentRequest>& asked() const { return gateway_.upstream.requests; }

  TestGateway gateway_;
  CancelSignal stop_;
};

TEST_F(EndpointProber, AsksForHealthAndWhereThereIsNoneForModels) {
  gateway_.upstream.will_answer(json_answer(404, "{}"));
  gateway_.upstream.will_answer(json_answer(401, "{}"));
  probe();
  ASSERT_EQ(asked().size(), 2U);
  EXPECT_TRUE(asked()[0].head.starts_with("GET /v1/health HTTP/1.1\r\nHost: one:8000\r\n") ||
              asked()[0].head.starts_with("GET /health HTTP/1.1\r\nHost: one:8000\r\n"))
      << asked()[0].head;
  EXPECT_TRUE(asked()[1].head.starts_with("GET /v1/models HTTP/1.1\r\n"));
  EXPECT_EQ(asked()[0].head_timeout, seconds(5));
  EXPECT_EQ(asked()[0].head.find("Authorization"), std::string::npos);
  EXPECT_EQ(gateway_.upstream.open_answers, 0);
}

TEST_F(EndpointProber, AServerThatDoesNotAnswerIsEjectedAndLetBackByAProbe) {
  gateway_.upstream.always_answers(no_answer(FaultKind::unreachable, true));
  probe_often();
  EXPECT_EQ(standing(), Standing::ejected);
  gateway_.loop.advance(seconds(10));
  gateway_.upstream.always_answers(json_answer(200, "ok"));
  probe();
  EXPECT_EQ(standing(), Standing::healthy);
}

TEST_F(EndpointProber, AFailingServerIsDeadAndARefusingOneIsNot) {
  gateway_.upstream.always_answers(json_answer(403, "{}"));
  probe_often();
  EXPECT_EQ(standing(), Standing::healthy);
  gateway_.upstream.always_answers(json_answer(503, "{}"));
  probe_often();
  EXPECT_EQ(standing(), Standing::ejected);
}

TEST_F(EndpointProber, AServerThatFailsWhatItIsAskedIsEjectedHoweverHealthyItSaysItIs) {
  gateway_.model().max_retries = 0;
  for (int failure = 0; failure < 5; ++failure) {
    EXPECT_EQ(standing(), Standing::healthy) << failure;
    gateway_.upstream.will_answer(json_answer(500, "{}"));
    static_cast<void>(gateway_.ask(chat()));
    const std::size_t before = asked().size();
    probe();
    EXPECT_EQ(asked().size(), before) << "a failure is an answer as well";
    gateway_.loop.advance(probe_period + milliseconds(1));
    gateway_.upstream.will_answer(json_answer(200, "ok"));
    if (failure < 4) probe();
  }
  EXPECT_NE(standing(), Standing::healthy);
}

TEST_F(EndpointProber, TrafficThatIsAnsweredMakesAProbeNeedless) {
  static_cast<void>(gateway_.ask(chat()));
  probe();
  EXPECT_EQ(asked().size(), 1U);
  gateway_.loop.advance(probe_period + milliseconds(1));
  probe();
  EXPECT_EQ(asked().size(), 2U);
}

TEST_F(EndpointProber, OnlyWhatIsEnabledIsAsked) {
  gateway_.model().endpoints.front().enabled = false;
  probe();
  gateway_.model().endpoints.front().enabled = true;
  gateway_.model().enabled = false;
  probe();
  gateway_.catalog.loaded = false;
  probe();
  EXPECT_TRUE(asked().empty());
}

TEST_F(EndpointProber, ASilentServerHoldsUpNoOther) {
  gateway_.model().endpoints.push_back({.id = EndpointId{{5, 2}}, .api_base = "http://two:8000/v1"});
  ScriptedAnswer silent = json_answer(200, "ok");
  silent.head_takes = hours(1);
  gateway_.upstream.will_answer(silent);
  probe();
  ASSERT_EQ(asked().size(), 2U);
  EXPECT_EQ(asked()[1].authority, "two:8000");
  stop_.fire();
}

TEST_F(EndpointProber, APageThatNeverEndsIsCutAndLetsItsServerBack) {
  gateway_.upstream.always_answers(no_answer(FaultKind::unreachable, true));
  probe_often();
  ASSERT_EQ(standing(), Standing::ejected);
  gateway_.loop.advance(seconds(10));
  gateway_.upstream.always_answers(
      {.pieces = std::vector<std::string>(1000, "alive\n"), .has_length = false, .piece_takes = seconds(1)});
  probe();
  gateway_.loop.advance(seconds(5));
  EXPECT_EQ(gateway_.upstream.open_answers, 0);
  EXPECT_EQ(standing(), Standing::healthy);
}

TEST_F(EndpointProber, WhatTheStopCallsOffSaysNothingAboutTheServer) {
  ScriptedAnswer silent;
  silent.head_takes = hours(1);
  gateway_.upstream.always_answers(silent);
  probe_often();
  stop_.fire();
  EXPECT_EQ(standing(), Standing::healthy);
}

}  // namespace
}  // namespace obleth::gateway
