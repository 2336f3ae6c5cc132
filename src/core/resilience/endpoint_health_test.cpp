#include "core/resilience/endpoint_health.hpp"

#include <gtest/gtest.h>

namespace obleth::resilience {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using Standing = EndpointHealth::Standing;
using Probe = EndpointHealth::Probe;

Instant at(Duration since_start) {
  return Instant(since_start);
}

EndpointHealth ejected_at(Instant now) {
  EndpointHealth health;
  for (std::uint32_t failure = 0; failure < failures_in_row_max; ++failure)
    health.failed(now, Probe::none);
  EXPECT_EQ(health.standing(now), Standing::ejected);
  return health;
}

TEST(EndpointHealth, FiveFailuresInARowEject) {
  EndpointHealth health;
  for (int failure = 0; failure < 4; ++failure)
    health.failed(at(seconds(1)), Probe::none);
  EXPECT_TRUE(health.admits(at(seconds(1))));
  health.succeeded(at(seconds(1)));
  for (int failure = 0; failure < 4; ++failure)
    health.failed(at(seconds(2)), Probe::none);
  EXPECT_TRUE(health.admits(at(seconds(2))));
  health.failed(at(seconds(2)), Probe::none);
  EXPECT_FALSE(health.admits(at(seconds(2))));
}

TEST(EndpointHealth, HalfOfTwentyInTenSecondsEjects) {
  EndpointHealth health;
  for (int pair = 0; pair < 9; ++pair) {
    health.succeeded(at(milliseconds(500 * pair)));
    health.failed(at(milliseconds(500 * pair)), Probe::none);
  }
  EXPECT_TRUE(health.admits(at(seconds(5))));
  health.succeeded(at(seconds(5)));
  health.failed(at(seconds(5)), Probe::none);
  EXPECT_FALSE(health.admits(at(seconds(5))));
}

TEST(EndpointHealth, WhatIsTenSecondsOldCountsNoMore) {
  // Half of them fail, but never twenty in ten seconds.
  EndpointHealth health;
  for (int second = 0; second < 200; second += 2) {
    health.succeeded(at(seconds(second)));
    health.failed(at(seconds(second)), Probe::none);
    EXPECT_TRUE(health.admits(at(seconds(second)))) << second;
  }
}

TEST(EndpointHealth, OneProbeGoesWhenTheTimeIsOver) {
  EndpointHealth health = ejected_at(at(seconds(100)));
  EXPECT_FALSE(health.admits(at(milliseconds(104'999))));
  ASSERT_TRUE(health.admits(at(seconds(105))));
  EXPECT_NE(health.started(at(seconds(105))), Probe::none);
  EXPECT_EQ(health.standing(at(seconds(106))), Standing::probing);
  EXPECT_EQ(health.started(at(seconds(106))), Probe::none);
  EXPECT_FALSE(health.admits(at(seconds(106))));
  health.succeeded(at(seconds(107)));
  EXPECT_EQ(health.standing(at(seconds(107))), Standing::healthy);
}

TEST(EndpointHealth, AFailedProbeDoublesTheTimeUpToFiveMinutes) {
  Instant now = at(seconds(100));
  EndpointHealth health = ejected_at(now);
  for (const Duration expected :
       {Duration(seconds(10)), Duration(seconds(20)), Duration(seconds(40)), Duration(seconds(80)),
        Duration(seconds(160)), Duration(minutes(5)), Duration(minutes(5)), Duration(minutes(5))}) {
    now = health.ejected_until();
    const Probe probe = health.started(now);
    health.failed(now, probe);
    EXPECT_EQ(health.ejected_until() - now, expected);
  }
  now = health.ejected_until();
  EXPECT_NE(health.started(now), Probe::none);
  health.succeeded(now);
  EXPECT_EQ(ejected_at(now).ejected_until() - now, seconds(5));
}

TEST(EndpointHealth, FailuresSentBeforeTheEjectionDoNotProlongIt) {
  EndpointHealth health = ejected_at(at(seconds(100)));
  for (const int late : {102, 105, 106})
    health.failed(at(seconds(late)), Probe::none);
  EXPECT_EQ(health.ejected_until(), at(seconds(105)));
  const Probe probe = health.started(at(seconds(107)));
  health.failed(at(seconds(108)), Probe::none);
  EXPECT_EQ(health.standing(at(seconds(108))), Standing::probing);
  health.failed(at(seconds(109)), probe);
  EXPECT_EQ(health.ejected_until(), at(seconds(119)));
}

TEST(EndpointHealth, ALiveProbeSaysNothingAboutTheFailuresOfTraffic) {
  EndpointHealth health;
  for (int failure = 0; failure < 5; ++failure) {
    EXPECT_TRUE(health.admits(at(seconds(10 * failure)))) << failure;
    health.failed(at(seconds(10 * failure)), Probe::none);
    health.probed_alive(at(seconds(10 * failure)));
  }
  ASSERT_EQ(health.ejected_until(), at(seconds(45)));
  health.probed_alive(at(seconds(50)));
  EXPECT_EQ(health.standing(at(seconds(50))), Standing::awaiting_probe);
  const Probe probe = health.started(at(seconds(50)));
  health.failed(at(seconds(50)), probe);
  EXPECT_EQ(health.ejected_until(), at(seconds(60))) << "the time doubles";
}

TEST(EndpointHealth, DeadProbesInARowEjectAndALiveOneLetsBack) {
  EndpointHealth health;
  for (int round = 0; round < 3; ++round) {
    for (int dead = 0; dead < 4; ++dead)
      health.probed_dead(at(seconds(1)));
    health.probed_alive(at(seconds(1)));
  }
  EXPECT_EQ(health.standing(at(seconds(1))), Standing::healthy);
  for (int dead = 0; dead < 5; ++dead)
    health.probed_dead(at(seconds(2)));
  health.probed_alive(at(seconds(3)));
  EXPECT_EQ(health.standing(at(seconds(3))), Standing::ejected);
  health.probed_alive(at(seconds(7)));
  EXPECT_EQ(health.standing(at(seconds(7))), Standing::healthy);
}

TEST(EndpointHealth, WhatDeadProbesProlongALiveOneEnds) {
  EndpointHealth health = ejected_at(at(seconds(100)));
  health.probed_dead(at(seconds(104)));
  EXPECT_EQ(health.ejected_until(), at(seconds(105)));
  health.probed_dead(at(seconds(110)));
  EXPECT_EQ(health.ejected_until(), at(seconds(120)));
  health.probed_alive(at(seconds(120)));
  EXPECT_EQ(health.standing(at(seconds(120))), Standing::healthy);
}

TEST(EndpointHealth, TheTimeIsShortAgainOnceTrafficWasServed) {
  EndpointHealth health;
  const auto die = [&health](Instant when) {
    for (std::uint32_t dead = 0; dead < failures_in_row_max; ++dead)
      health.probed_dead(when);
    return health.ejected_until() - when;
  };
  EXPECT_EQ(die(at(seconds(100))), seconds(5));
  health.probed_alive(at(seconds(200)));
  EXPECT_EQ(die(at(seconds(200))), seconds(10));
  health.probed_alive(at(seconds(300)));
  health.succeeded(at(seconds(300)));
  EXPECT_EQ(die(at(seconds(300))), seconds(5));
}

TEST(EndpointHealth, AnAbandonedProbeLeavesTheNextOneFree) {
  EndpointHealth health = ejected_at(at(seconds(100)));
  const Probe first = health.started(at(seconds(105)));
  health.abandoned(Probe::none);
  EXPECT_EQ(health.standing(at(seconds(105))), Standing::probing) << "it was another request that ended";
  health.abandoned(first);
  EXPECT_EQ(health.standing(at(seconds(105))), Standing::awaiting_probe);
  EXPECT_NE(health.started(at(seconds(105))), Probe::none);
  health.abandoned(first);
  EXPECT_EQ(health.standing(at(seconds(105))), Standing::probing);
}

}  // namespace
}  // namespace obleth::resilience
