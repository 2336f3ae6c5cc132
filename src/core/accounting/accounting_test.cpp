#include <gtest/gtest.h>

#include <limits>

#include "core/accounting/pricing.hpp"
#include "core/accounting/settlement.hpp"
#include "core/accounting/token_estimate.hpp"

namespace obleth::accounting {
namespace {

constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();

TokenUsage usage(std::int64_t prompt, std::int64_t cached, std::int64_t output) {
  return {.prompt = {prompt}, .cached = {cached}, .output = {output}, .reasoning = {}};
}

TEST(TokenEstimate, NothingCostsNothing) {
  EXPECT_EQ(estimate_prompt_tokens({}, 765), 1);
  TextMeasure hostile;
  hostile.letters = hostile.words = hostile.media_parts = hostile.token_ids = hostile.messages = largest;
  EXPECT_EQ(estimate_prompt_tokens(hostile, largest), largest);
}

TEST(TokenEstimate, TokenIdsCountThemselvesAndMediaPartsTheirPrice) {
  TextMeasure text;
  text.token_ids = 17;
  EXPECT_EQ(estimate_prompt_tokens(text, 765), 17);
  text.media_parts = 2;
  EXPECT_EQ(estimate_prompt_tokens(text, 765), 17 + 2 * 765);
}

TEST(TokenEstimate, EveryMessageHasItsFrame) {
  TextMeasure text;
  text.messages = 2;
  EXPECT_EQ(estimate_prompt_tokens(text, 765), 2 * 4 + 3);
}

TEST(Pricing, TheBoundIsTheProductAndSaturates) {
  EXPECT_EQ(output_bound(2, 3, 100), 600);
  EXPECT_EQ(output_bound(1, 1, 0), 0);
  EXPECT_EQ(output_bound(largest, 16, largest), largest);
  EXPECT_EQ(output_bound(-1, 1, 5), 0);
}

TEST(Pricing, EachKindOfTokenHasItsPrice) {
  Model model;
  model.input_cost_per_token = {3'000'000};  // $3 a million
  model.output_cost_per_token = {15'000'000};
  model.cost_per_request = {1'000'000'000};
  EXPECT_EQ(cost_of(usage(1000, 0, 100), model).value, 3'000'000 + 1'500'000 + 1'000'000);
  EXPECT_EQ(cost_of(usage(1000, 400, 0), model).value, 3'000'000 + 1'000'000);
  model.cached_input_cost_per_token = PicoUsd{300'000};
  EXPECT_EQ(cost_of(usage(1000, 400, 0), model).value, 600 * 3'000 + 400 * 300 + 1'000'000);
}

TEST(Pricing, CostsAreRoundedOnceHalfUp) {
  Model model;
  model.input_cost_per_token = {1};
  EXPECT_EQ(cost_of(usage(499, 0, 0), model).value, 0);
  EXPECT_EQ(cost_of(usage(500, 0, 0), model).value, 1);
  model.output_cost_per_token = {1};
  EXPECT_EQ(cost_of(usage(499, 0, 1), model).value, 1);
}

TEST(Pricing, NoFigureOverflows) {
  Model model;
  model.input_cost_per_token = model.output_cost_per_token = model.cost_per_request = {1'000'000'000'000'000'000};
  EXPECT_EQ(cost_of(usage(largest, 0, largest), model).value, largest);
}

TEST(Settlement, WhatTheUpstreamReportedIsBilled) {
  const BilledUsage billed = billed_usage(
      {.reported = usage(10, 2, 7), .complete = false, .input_estimate = {99}, .counted = {.events = {50}}});
  EXPECT_EQ(billed.usage, usage(10, 2, 7));
  EXPECT_EQ(billed.source, UsageSource::upstream);
}

TEST(Settlement, AnOutputThatWasNotToldYetIsCounted) {
  const BilledUsage billed = billed_usage({.reported = usage(10, 2, 0),
                                           .output_told = false,
                                           .complete = false,
                                           .input_estimate = {99},
                                           .counted = {.events = {50}},
                                           .streamed = true});
  EXPECT_EQ(billed.usage, usage(10, 2, 50));
  EXPECT_EQ(billed.source, UsageSource::estimated);
}

TEST(Settlement, AStreamWithoutUsageIsBilledAsCounted) {
  for (const bool complete : {true, false}) {
    const BilledUsage billed = billed_usage({.complete = complete,
                                             .input_estimate = {30},
                                             .counted = {.events = {12}},
                                             .probable = {400},
                                             .streamed = true});
    EXPECT_EQ(billed.usage, usage(30, 0, 12));
    EXPECT_EQ(billed.source, UsageSource::estimated);
  }
}

TEST(Settlement, AGuessIsNeverMoreThanWhatWasAskedForButEventsAreNoGuess) {
  AnswerFacts facts{.input_estimate = {30}, .counted = {.by_bytes = {75}}, .bound = {4}};
  EXPECT_EQ(billed_usage(facts).usage, usage(30, 0, 4));
  facts.counted.events = {9};
  EXPECT_EQ(billed_usage(facts).usage, usage(30, 0, 9));
  facts.counted = {.events = {2}, .by_bytes = {3}};
  EXPECT_EQ(billed_usage(facts).usage, usage(30, 0, 3));
}

TEST(Settlement, ACancelledAnswerInOnePieceIsBilledByItsTime) {
  const BilledUsage billed = billed_usage({.complete = false, .input_estimate = {30}, .probable = {40}});
  EXPECT_EQ(billed.usage, usage(30, 0, 40));
  EXPECT_EQ(billed.source, UsageSource::estimated);
}

TEST(Settlement, WhatProducesNoOutputIsBilledItsInput) {
  const BilledUsage billed =
      billed_usage({.produced_output = false, .input_estimate = {30}, .counted = {.events = {9}}});
  EXPECT_EQ(billed.usage, usage(30, 0, 0));
}

}  // namespace
}  // namespace obleth::accounting
