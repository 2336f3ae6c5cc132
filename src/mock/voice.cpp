#include "mock/voice.hpp"

namespace obleth::mock {

std::unique_ptr<Voice> voice_of(const AnswerPlan& plan) {
  switch (plan.request.dialect) {
    case Dialect::completions:
      return completions_voice(plan);
    case Dialect::responses:
      return responses_voice(plan);
    case Dialect::messages:
      return messages_voice(plan);
    default:
      break;
  }
  return chat_voice(plan);
}

}  // namespace obleth::mock
