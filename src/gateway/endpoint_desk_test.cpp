#include "gateway/endpoint_desk.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace obleth::gateway {
namespace {

using std::chrono::seconds;

Model model_with(std::vector<std::uint32_t> priorities) {
  Model model{.model_name = "m"};
  for (const std::uint32_t priority : priorities) {
    const std::uint64_t number = model.endpoints.size() + 1;
    model.endpoints.push_back({.id = EndpointId{{number, 0}},
                               .api_base = "http://host-" + std::to_string(number) + "/v1",
                               .priority = priority});
  }
  return model;
}

constexpr Instant start(seconds(1000));

TEST(EndpointDesk, TheOneWithTheFewestRequestsInFlightIsTaken) {
  EndpointDesk desk;
  const Model model = model_with({0, 0});
  const auto first = desk.choose(model, {}, start);
  const auto second = desk.choose(model, {}, start);
  ASSERT_TRUE(first && second);
  EXPECT_NE(first->endpoint->id, second->endpoint->id);
}

TEST(EndpointDesk, TheBestPriorityIsTakenWhileItIsHealthy) {
  EndpointDesk desk;
  const Model model = model_with({5, 1});
  auto chosen = desk.choose(model, {}, start);
  ASSERT_TRUE(chosen);
  EXPECT_EQ(chosen->endpoint->priority, 1U);
  EXPECT_EQ(chosen->address->host, "host-2");
}

TEST(EndpointDesk, FiveFailuresInARowEject) {
  EndpointDesk desk;
  const Model model = model_with({0, 1});
  for (int failure = 0; failure < 5; ++failure) {
    auto chosen = desk.choose(model, {}, start);
    ASSERT_TRUE(chosen);
    ASSERT_EQ(chosen->endpoint->priority, 0U);
    chosen->visit.failed(start);
  }
  EXPECT_EQ(desk.choose(model, {}, start)->endpoint->priority, 1U);
  // After the ejection one probe goes back, and its success lets it in.
  auto probe = desk.choose(model, {}, start + seconds(6));
  EXPECT_EQ(probe->endpoint->priority, 0U);
  EXPECT_EQ(desk.choose(model, {}, start + seconds(6))->endpoint->priority, 1U);
  probe->visit.succeeded(start + seconds(6));
  EXPECT_EQ(desk.choose(model, {}, start + seconds(6))->endpoint->priority, 0U);
}

TEST(EndpointDesk, WhatWasSentBeforeAnEjectionIsNotItsProbe) {
  EndpointDesk desk;
  const Model model = model_with({0});
  const EndpointId endpoint = model.endpoints.front().id;
  const auto standing = [&](Instant now) { return desk.standing(endpoint, now).standing; };
  std::vector<EndpointDesk::Visit> early;
  while (early.size() < 7)
    early.push_back(std::move(desk.choose(model, {}, start)->visit));
  for (std::size_t failure = 0; failure < 5; ++failure)
    early[failure].failed(start);
  const Instant later = start + seconds(6);
  early[5].failed(later);
  ASSERT_EQ(standing(later), resilience::EndpointHealth::Standing::awaiting_probe);
  auto probe = desk.choose(model, {}, later);
  early.clear();  // a client leaves
  EXPECT_EQ(standing(later), resilience::EndpointHealth::Standing::probing);
  probe->visit.failed(later);
  EXPECT_EQ(desk.standing(endpoint, later).ejected_until, later + seconds(10));
}

TEST(EndpointDesk, WithAllEjectedTheLeastBadIsTried) {
  EndpointDesk desk;
  const Model model = model_with({0});
  for (int failure = 0; failure < 9; ++failure) {
    auto chosen = desk.choose(model, {}, start);
    ASSERT_TRUE(chosen);
    chosen->visit.failed(start);
  }
  EXPECT_TRUE(desk.choose(model, {}, start));
}

TEST(EndpointDesk, ARequestGoesToAnotherEndpointFirst) {
  EndpointDesk desk;
  const Model model = model_with({0, 9});
  const auto again = desk.choose(model, {model.endpoints[0].id}, start);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->endpoint->id, model.endpoints[1].id);
}

TEST(EndpointDesk, AChangedUrlIsParsedAnew) {
  EndpointDesk desk;
  Model model = model_with({0});
  EXPECT_EQ(desk.choose(model, {}, start)->address->host, "host-1");
  model.endpoints[0].api_base = "http://elsewhere:81";
  EXPECT_EQ(desk.choose(model, {}, start)->address->authority, "elsewhere:81");
}

TEST(EndpointDesk, RetriesStayWithinATenthOfTheRequests) {
  EndpointDesk desk;
  int retries = 0;
  for (int request = 0; request < 10'000; ++request) {
    desk.note_request();
    if (desk.may_retry()) ++retries;
  }
  EXPECT_LE(retries, 1'010);
  EXPECT_GE(retries, 1'000);
}

TEST(EndpointDesk, AnUpstreamWithoutStreamOptionsIsRememberedForTenMinutes) {
  EndpointDesk desk;
  const EndpointId endpoint{{1, 0}};
  desk.note_refuses_stream_options(endpoint, start);
  EXPECT_TRUE(desk.refuses_stream_options(endpoint, start + seconds(599)));
  EXPECT_FALSE(desk.refuses_stream_options(endpoint, start + seconds(601)));
}

}  // namespace
}  // namespace obleth::gateway
