#include "core/accounting/settlement.hpp"

#include <algorithm>

namespace obleth::accounting {

BilledUsage billed_usage(const AnswerFacts& facts) {
  if (facts.reported) return {*facts.reported, UsageSource::upstream};
  TokenUsage usage{.prompt = facts.input_estimate, .cached = {}, .output = {}, .reasoning = {}};
  if (!facts.produced_output) return {usage, UsageSource::estimated};
  if (facts.streamed || facts.complete) {
    usage.output = facts.counted;
  } else {
    usage.output = std::max(facts.counted, facts.probable);
  }
  return {usage, UsageSource::estimated};
}

}  // namespace obleth::accounting
