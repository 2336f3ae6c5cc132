#include "core/resilience/endpoint_choice.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "core/resilience/retry_budget.hpp"

namespace obleth::resilience {
namespace {

EndpointCandidate candidate(std::uint32_t priority, std::uint32_t in_flight) {
  return {.priority = priority, .in_flight = in_flight};
}

EndpointCandidate ejected(std::uint32_t priority, std::int64_t until_secs) {
  return {.priority = priority, .admits = false, .ejected_until = Instant(std::chrono::seconds(until_secs))};
}

TEST(EndpointChoice, TheFewestInFlightOfTheBestPriorityWins) {
  EXPECT_EQ(choose_endpoint(std::vector{candidate(1, 0), candidate(0, 9), candidate(0, 4)}), 2U);
  EXPECT_EQ(choose_endpoint(std::vector{candidate(0, 4), candidate(0, 4)}), 0U);
}

TEST(EndpointChoice, AnEjectedEndpointIsPassedOver) {
  EXPECT_EQ(choose_endpoint(std::vector{ejected(0, 10), candidate(5, 100)}), 1U);
}

TEST(EndpointChoice, WithAllEjectedTheOneThatComesBackFirstIsTried) {
  EXPECT_EQ(choose_endpoint(std::vector{ejected(0, 30), ejected(3, 10), ejected(1, 20)}), 1U);
}

TEST(EndpointChoice, ARetryGoesToAnotherEndpointFirst) {
  EndpointCandidate tried = candidate(0, 0);
  tried.tries = 1;
  EXPECT_EQ(choose_endpoint(std::vector{tried, candidate(7, 50)}), 1U);
  EXPECT_EQ(choose_endpoint(std::vector{tried}), 0U);
  EndpointCandidate tried_twice = candidate(0, 0);
  tried_twice.tries = 2;
  EndpointCandidate other = candidate(7, 50);
  other.tries = 1;
  EXPECT_EQ(choose_endpoint(std::vector{tried_twice, other}), 1U) << "they take turns";
}

TEST(EndpointChoice, ARetryGoesBackToAHealthyEndpointBeforeItGoesToAnEjectedOne) {
  EndpointCandidate tried = candidate(1, 0);
  tried.tries = 1;
  EXPECT_EQ(choose_endpoint(std::vector{ejected(0, 10), tried}), 1U);
  EndpointCandidate tried_and_ejected = ejected(0, 5);
  tried_and_ejected.tries = 1;
  EXPECT_EQ(choose_endpoint(std::vector{tried_and_ejected, ejected(1, 10)}), 1U);
}

TEST(EndpointChoice, WhatIsDisabledIsNeverChosen) {
  EndpointCandidate disabled = candidate(0, 0);
  disabled.enabled = false;
  EXPECT_EQ(choose_endpoint(std::vector{disabled, ejected(0, 5)}), 1U);
  EXPECT_FALSE(choose_endpoint(std::vector{disabled}));
  EXPECT_FALSE(choose_endpoint({}));
}

TEST(RetryBudget, RetriesStayBelowATenthOfTheRequests) {
  RetryBudget budget;
  int at_start = 0;
  while (budget.take_retry())
    ++at_start;
  int retries = 0;
  for (int request = 0; request < 10'000; ++request) {
    budget.note_request();
    retries += budget.take_retry() ? 1 : 0;
  }
  EXPECT_EQ(retries, 1000);
  EXPECT_LE(at_start, 10);
}

TEST(RetryBudget, QuietTimeSavesUpOnlyABoundedBurst) {
  RetryBudget budget;
  for (int request = 0; request < 1'000'000; ++request)
    budget.note_request();
  int burst = 0;
  while (budget.take_retry())
    ++burst;
  EXPECT_EQ(burst, 100);
}

}  // namespace
}  // namespace obleth::resilience
