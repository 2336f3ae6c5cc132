#include "core/accounting/settlement.hpp"

#include <algorithm>

namespace obleth::accounting {

BilledUsage billed_usage(const AnswerFacts& facts) {
  if (facts.reported && (facts.output_told || !facts.produced_output)) return {*facts.reported, UsageSource::upstream};
  TokenUsage usage = facts.reported.value_or(TokenUsage{.prompt = facts.input_estimate});
  if (!facts.produced_output) return {usage, UsageSource::estimated};
  usage.output = facts.counted.within(facts.bound);
  if (!facts.streamed && !facts.complete) usage.output = std::max(usage.output, facts.probable);
  return {usage, UsageSource::estimated};
}

Overrun overrun(PromptTokens input_held, OutputTokens output_held, const TokenUsage& used) {
  const std::int64_t held = saturating_add(input_held.value, output_held.value);
  const std::int64_t beyond = std::max<std::int64_t>(0, saturating_add(used.prompt.value, used.output.value) - held);
  const std::int64_t output_beyond = std::max<std::int64_t>(0, used.output.value - output_held.value);
  const std::int64_t by_output = std::min(beyond, output_beyond);
  return {.by_input = {beyond - by_output}, .by_output = {by_output}};
}

}  // namespace obleth::accounting
