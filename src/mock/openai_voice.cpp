#include "mock/openai_voice.hpp"

#include "mock/json_text.hpp"

namespace obleth::mock {

std::string_view openai_finish(Finish finish) {
  switch (finish) {
    case Finish::stop:
      return "\"stop\"";
    case Finish::length:
      return "\"length\"";
    case Finish::tool_call:
      return "\"tool_calls\"";
  }
  return "null";
}

void append_openai_usage(std::string& out, const AnswerPlan& plan) {
  write_parts(out, R"("usage":{"prompt_tokens":)", plan.prompt_tokens, R"(,"completion_tokens":)", plan.output_tokens(),
              R"(,"total_tokens":)", plan.prompt_tokens + plan.output_tokens(),
              R"(,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},)"
              R"("completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,)"
              R"("accepted_prediction_tokens":0,"rejected_prediction_tokens":0}})");
}

std::string_view event_tail(const AnswerPlan& plan) {
  return plan.request.include_usage && plan.with_usage ? "],\"usage\":null}\n\n" : "]}\n\n";
}

void append_openai_end(std::string& out, const AnswerPlan& plan, std::string_view event_head) {
  if (plan.request.include_usage && plan.with_usage) {
    write_parts(out, event_head, R"("choices":[],)");
    append_openai_usage(out, plan);
    out.append("}\n\n");
  }
  if (plan.with_done) out.append("data: [DONE]\n\n");
}

}  // namespace obleth::mock
