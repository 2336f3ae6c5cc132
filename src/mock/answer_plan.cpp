#include "mock/answer_plan.hpp"

#include <algorithm>

#include "mock/json_text.hpp"

namespace obleth::mock {
namespace {

Script script_of(const ModelRequest& request) {
  if (request.call) return Script(request.call->arguments);
  if (request.forced_text) return Script(*request.forced_text);
  return Script();
}

}  // namespace

AnswerPlan::AnswerPlan(const ModelRequest& asked, const Behaviour& behaviour, const AnswerFacts& given)
    : request(asked),
      facts(given),
      script(script_of(asked)),
      model(quoted(asked.model)),
      tokens(script.is_forced() ? script.forced_tokens() : std::max(behaviour.output_tokens, asked.min_tokens)),
      prompt_tokens(behaviour.prompt_tokens.value_or(asked.prompt_tokens)),
      with_usage(behaviour.failure != Failure::no_usage),
      with_done(behaviour.failure != Failure::no_done) {
  if (asked.call) finish = Finish::tool_call;
  if (!asked.output_cap) return;
  if (asked.ignore_eos && !script.is_forced()) tokens = *asked.output_cap;
  // A text that just fits is cut as well: its end would have been one token more.
  if (tokens < *asked.output_cap || (script.is_forced() && tokens == *asked.output_cap)) return;
  tokens = *asked.output_cap;
  finish = Finish::length;
}

}  // namespace obleth::mock
