// Answers of models that only read: a count of tokens, an order of documents. Pure.
#pragma once

#include <string>

#include "mock/answer_plan.hpp"

namespace obleth::mock {

// Anthropic's {"input_tokens":…}.
[[nodiscard]] std::string count_tokens_answer(const AnswerPlan& plan);
// As vLLM answers /v1/rerank: the shortest document first, and a usage that holds only the total.
[[nodiscard]] std::string rerank_answer(const AnswerPlan& plan);

}  // namespace obleth::mock
