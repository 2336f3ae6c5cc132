// Writes an answer in one dialect: as events, token by token, or as a whole. Pure; one per request.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "mock/answer_plan.hpp"

namespace obleth::mock {

class Voice {
 public:
  virtual ~Voice() = default;
  // The events before the first token.
  virtual void open(std::string& out) = 0;
  // Exactly one event with one token of one choice.
  virtual void say(std::string& out, std::int64_t token, std::int64_t choice) = 0;
  // The events after the last token, the one that ends the stream included.
  virtual void close(std::string& out) = 0;
  // The answer of a request that does not stream.
  virtual void whole(std::string& out) = 0;
};

// The plan outlives the voice.
[[nodiscard]] std::unique_ptr<Voice> chat_voice(const AnswerPlan& plan);
[[nodiscard]] std::unique_ptr<Voice> completions_voice(const AnswerPlan& plan);
[[nodiscard]] std::unique_ptr<Voice> responses_voice(const AnswerPlan& plan);
[[nodiscard]] std::unique_ptr<Voice> messages_voice(const AnswerPlan& plan);
[[nodiscard]] std::unique_ptr<Voice> voice_of(const AnswerPlan& plan);  // by the request's dialect; not embeddings

}  // namespace obleth::mock
