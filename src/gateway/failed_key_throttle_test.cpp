#include "gateway/failed_key_throttle.hpp"

#include <gtest/gtest.h>

#include "gateway/gateway_fixture.hpp"

namespace obleth::gateway {
namespace {

const std::string wrong_secret = "sk_" + std::string(48, 'b');
const GatewayBounds ten_a_minute = {.failed_keys_per_minute = 10};

void use_up_allowance(TestGateway& gateway) {
  for (int failure = 0; failure < 10; ++failure)
    EXPECT_EQ(gateway.ask(chat().without_key()).client.status, 401) << failure;
}

TEST(FailedKeyThrottle, AnAddressWithTooMany401sIsToldToComeLater) {
  TestGateway gateway(ten_a_minute);
  use_up_allowance(gateway);
  const auto asked = gateway.ask(chat().without_key());
  EXPECT_EQ(asked.client.status, 429);
  EXPECT_EQ(error_member(asked.client, "code"), "rate_limit_exceeded");
  EXPECT_EQ(asked.client.header("Retry-After"), "6");
  EXPECT_EQ(gateway.ask(chat().with_key("sk_short")).client.status, 429);
  EXPECT_EQ(gateway.failed_keys.refused(), 2U);
  gateway.loop.advance(seconds(6));
  EXPECT_EQ(gateway.ask(chat().without_key()).client.status, 401);
}

TEST(FailedKeyThrottle, AKeyThatIsKnownIsNeverSlowed) {
  TestGateway gateway(ten_a_minute);
  gateway.keys.remembered[good_secret] = {ports::KeyOutcome::found, std::make_shared<const ResolvedKey>(some_key())};
  gateway.keys.remembered[wrong_secret] = {};
  use_up_allowance(gateway);
  EXPECT_EQ(gateway.ask(chat().with_key(wrong_secret)).client.status, 429);
  const Instant before = gateway.loop.now();
  for (int request = 0; request < 100; ++request)
    EXPECT_EQ(gateway.ask(chat()).client.status, 200);
  EXPECT_EQ(gateway.loop.now(), before);
}

// Twelve look-ups at once, and two a second from then on.
void use_up_look_ups(TestGateway& gateway) {
  for (int guess = 0; guess < 12; ++guess)
    EXPECT_EQ(gateway.ask(chat().with_key(wrong_secret)).client.status, 401) << guess;
  EXPECT_EQ(gateway.keys.lookups, 12);
}

TEST(FailedKeyThrottle, AKeyThatIsNotKnownYetIsLookedUpInItsTurn) {
  TestGateway gateway({.failed_keys_per_minute = 12});
  use_up_look_ups(gateway);
  const auto first = gateway.begin(chat());
  const auto second = gateway.begin(chat());
  const auto third = gateway.begin(chat());
  EXPECT_EQ(gateway.keys.lookups, 12);
  EXPECT_EQ(third->client.status, 429) << "more than a second of look-ups wait already";
  gateway.loop.advance(milliseconds(500));
  EXPECT_EQ(gateway.keys.lookups, 13);
  EXPECT_EQ(first->client.status, 200);
  gateway.loop.advance(milliseconds(500));
  EXPECT_EQ(second->client.status, 200);
}

TEST(FailedKeyThrottle, AGuessThatIsLookedUpBeyondTheAllowanceIsNo401Either) {
  TestGateway gateway({.failed_keys_per_minute = 12});
  use_up_look_ups(gateway);
  const auto guess = gateway.ask(chat().with_key(wrong_secret));
  EXPECT_EQ(guess.client.status, 429);
  EXPECT_EQ(gateway.keys.lookups, 13);
}

TEST(FailedKeyThrottle, AValidKeyCostsItsAddressNothing) {
  TestGateway gateway(ten_a_minute);
  for (int request = 0; request < 50; ++request)
    EXPECT_EQ(gateway.ask(chat()).client.status, 200);
  gateway.keys.unavailable = true;
  for (int request = 0; request < 50; ++request)
    EXPECT_EQ(gateway.ask(chat()).client.status, 503);
  use_up_allowance(gateway);
}

TEST(FailedKeyThrottle, AClientThatLeavesWhileItsKeyWaitsIsNotLookedUp) {
  TestGateway gateway({.failed_keys_per_minute = 12});
  use_up_look_ups(gateway);
  const auto waiting = gateway.begin(chat());
  waiting->client.leave();
  EXPECT_TRUE(waiting->ended);
  EXPECT_EQ(gateway.keys.lookups, 12);
}

TEST(FailedKeyThrottle, AddressesHaveAllowancesOfTheirOwnAndProxiesNone) {
  FailedKeyThrottle throttle(10, 99);
  const Instant now{seconds(100)};
  for (int failure = 0; failure < 10; ++failure)
    EXPECT_TRUE(throttle.note_failure(1, now).granted);
  EXPECT_FALSE(throttle.note_failure(1, now).granted);
  EXPECT_TRUE(throttle.note_failure(2, now).granted);
  for (int failure = 0; failure < 1000; ++failure)
    EXPECT_TRUE(throttle.note_failure(std::nullopt, now).granted);
}

TEST(FailedKeyThrottle, AnotherRateIsObeyedFromTheNextFailureOn) {
  FailedKeyThrottle throttle(0, 1);
  const Instant now{std::chrono::hours(1)};
  throttle.set_rate(2);
  for (int failure = 0; failure < 2; ++failure)
    EXPECT_TRUE(throttle.note_failure(1, now).granted);
  EXPECT_FALSE(throttle.note_failure(1, now).granted);
  throttle.set_rate(0);
  EXPECT_TRUE(throttle.note_failure(1, now).granted);
}

TEST(FailedKeyThrottle, ZeroSwitchesItOff) {
  FailedKeyThrottle throttle(0, 1);
  for (int failure = 0; failure < 1000; ++failure)
    EXPECT_TRUE(throttle.note_failure(1, Instant{}).granted);
}

}  // namespace
}  // namespace obleth::gateway
