// Embeddings: unit vectors that depend on the input alone, as numbers or as base64 of little-endian floats. Pure.
#pragma once

#include <string>

#include "mock/answer_plan.hpp"

namespace obleth::mock {

[[nodiscard]] std::string embeddings_answer(const AnswerPlan& plan);

}  // namespace obleth::mock
