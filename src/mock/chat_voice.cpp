#include "mock/json_text.hpp"
#include "mock/openai_voice.hpp"
#include "mock/voice.hpp"

namespace obleth::mock {
namespace {

class ChatVoice final : public Voice {
 public:
  explicit ChatVoice(const AnswerPlan& plan) : plan_(plan) {
    write_parts(event_head_, R"(data: {"id":"chatcmpl-mock-)", plan.facts.serial,
                R"(","object":"chat.completion.chunk","created":)", plan.facts.created_secs, R"(,"model":)", plan.model,
                R"(,"service_tier":"default","system_fingerprint":"fp_mock",)");
    write_parts(token_head_, event_head_, R"("choices":[{"index":)");
    token_middle_ = plan.request.call ? R"(,"delta":{"tool_calls":[{"index":0,"function":{"arguments":")"
                                      : R"(,"delta":{"content":")";
    write_parts(token_tail_, plan.request.call ? "\"}}]}" : "\"}", R"(,"logprobs":null,"finish_reason":null})",
                event_tail(plan));
  }

  void open(std::string& out) override {
    for (std::int64_t choice = 0; choice < plan_.request.choices; ++choice) {
      write_parts(out, token_head_, choice, R"(,"delta":{"role":"assistant","content":)",
                  plan_.request.call ? "null" : "\"\"");
      if (plan_.request.call) {
        out.append(R"(,"tool_calls":[)");
        append_call_head(out, choice);
        out.append("\"}}]");
      }
      write_parts(out, R"(,"refusal":null},"logprobs":null,"finish_reason":null})", event_tail(plan_));
    }
  }

  void say(std::string& out, std::int64_t token, std::int64_t choice) override {
    write_parts(out, token_head_, choice, token_middle_, plan_.script.piece(token), token_tail_);
  }

  void close(std::string& out) override {
    for (std::int64_t choice = 0; choice < plan_.request.choices; ++choice)
      write_parts(out, token_head_, choice, R"(,"delta":{},"logprobs":null,"finish_reason":)",
                  openai_finish(plan_.finish), "}", event_tail(plan_));
    append_openai_end(out, plan_, event_head_);
  }

  void whole(std::string& out) override {
    write_parts(out, R"({"id":"chatcmpl-mock-)", plan_.facts.serial, R"(","object":"chat.completion","created":)",
                plan_.facts.created_secs, R"(,"model":)", plan_.model, R"(,"choices":[)");
    for (std::int64_t choice = 0; choice < plan_.request.choices; ++choice)
      append_choice(out, choice);
    out.append("],");
    if (plan_.with_usage) {
      append_openai_usage(out, plan_);
      out.push_back(',');
    }
    out.append(R"("service_tier":"default","system_fingerprint":"fp_mock"})");
  }

 private:
  void append_choice(std::string& out, std::int64_t choice) const {
    write_parts(out, choice == 0 ? "" : ",", R"({"index":)", choice, R"(,"message":{"role":"assistant","content":)");
    if (plan_.request.call) {
      out.append(R"(null,"tool_calls":[)");
      append_call_head(out, choice);
      plan_.script.append(out, plan_.tokens);
      out.append("\"}}]");
    } else {
      out.push_back('"');
      plan_.script.append(out, plan_.tokens);
      out.push_back('"');
    }
    write_parts(out, R"(,"refusal":null,"annotations":[]},"logprobs":null,"finish_reason":)",
                openai_finish(plan_.finish), "}");
  }

  // Up to the opening quote of the arguments. In a stream "index" says which call the pieces belong to.
  void append_call_head(std::string& out, std::int64_t choice) const {
    write_parts(out, "{", plan_.request.stream ? R"("index":0,)" : "", R"("id":"call_mock_)", plan_.facts.serial, "_",
                choice, R"(","type":"function","function":{"name":)", quoted(plan_.request.call->name),
                R"(,"arguments":")");
  }

  const AnswerPlan& plan_;
  std::string event_head_;
  std::string token_head_;
  std::string_view token_middle_;
  std::string token_tail_;
};

}  // namespace

std::unique_ptr<Voice> chat_voice(const AnswerPlan& plan) {
  return std::make_unique<ChatVoice>(plan);
}

}  // namespace obleth::mock
