// From what an answer told, or failed to tell, to what is billed. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "domain/tokens.hpp"
#include "domain/usage_record.hpp"

namespace obleth::accounting {

struct AnswerFacts {
  std::optional<TokenUsage> reported;  // the upstream's last usage
  bool output_told = true;             // false: reported holds only the input
  bool complete = true;                // false: cut by the client or the upstream
  bool produced_output = true;         // embeddings and errors produce none
  PromptTokens input_estimate;
  CountedOutput counted;
  OutputTokens bound;     // what was asked for at most
  OutputTokens probable;  // of an answer that came in one piece and was cancelled: min(hold, by time)
  bool streamed = false;
};

struct BilledUsage {
  TokenUsage usage;
  UsageSource source = UsageSource::upstream;
};

// Reported wins, but for an output that it does not tell yet: that is counted. Else what was streamed is counted
// (marked estimated); a request that was cancelled before any byte of a one-piece answer is billed input and the
// probable output (estimated). Never the whole estimate.
[[nodiscard]] BilledUsage billed_usage(const AnswerFacts& facts);

// What was used beyond what was held: because the input was estimated too small, or because the upstream made more
// output than it was allowed to. What one part left unused pays for the other first.
struct Overrun {
  PromptTokens by_input;
  OutputTokens by_output;
};
[[nodiscard]] Overrun overrun(PromptTokens input_held, OutputTokens output_held, const TokenUsage& used);

}  // namespace obleth::accounting
