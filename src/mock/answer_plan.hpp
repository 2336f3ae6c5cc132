// What one request will be answered with: decided before the first byte, so that each dialect only has to write it.
//
// Pure; one per request.
#pragma once

#include <cstdint>
#include <string>

#include "mock/behaviour.hpp"
#include "mock/model_request.hpp"
#include "mock/script.hpp"

namespace obleth::mock {

enum class Finish : std::uint8_t { stop, length, tool_call };

struct AnswerFacts {
  std::int64_t serial = 0;        // numbers the answers of this process; every id is made of it
  std::int64_t created_secs = 0;  // Unix time
};

struct AnswerPlan {
  AnswerPlan(const ModelRequest& request, const Behaviour& behaviour, const AnswerFacts& facts);

  const ModelRequest& request;
  AnswerFacts facts;
  Script script;
  std::string model;        // as a JSON string, quotes included
  std::int64_t tokens = 0;  // of each choice
  Finish finish = Finish::stop;
  std::int64_t prompt_tokens = 0;
  bool with_usage = true;  // no-usage leaves it out
  bool with_done = true;   // no-done leaves the last event of a stream out

  [[nodiscard]] std::int64_t output_tokens() const { return tokens * request.choices; }
};

}  // namespace obleth::mock
