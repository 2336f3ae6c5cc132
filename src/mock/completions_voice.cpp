#include "mock/json_text.hpp"
#include "mock/openai_voice.hpp"
#include "mock/voice.hpp"

namespace obleth::mock {
namespace {

class CompletionsVoice final : public Voice {
 public:
  explicit CompletionsVoice(const AnswerPlan& plan) : plan_(plan) {
    write_parts(members_, R"({"id":"cmpl-mock-)", plan.facts.serial, R"(","object":"text_completion","created":)",
                plan.facts.created_secs, R"(,"model":)", plan.model, R"(,"system_fingerprint":"fp_mock",)");
    write_parts(event_head_, "data: ", members_);
    write_parts(token_head_, event_head_, R"("choices":[{"text":")");
  }

  void open(std::string&) override {}

  void say(std::string& out, std::int64_t token, std::int64_t choice) override {
    write_parts(out, token_head_, plan_.script.piece(token), R"(","index":)", choice,
                R"(,"logprobs":null,"finish_reason":null})", event_tail(plan_));
  }

  void close(std::string& out) override {
    for (std::int64_t choice = 0; choice < plan_.request.choices; ++choice)
      write_parts(out, token_head_, R"(","index":)", choice, R"(,"logprobs":null,"finish_reason":)",
                  openai_finish(plan_.finish), "}", event_tail(plan_));
    append_openai_end(out, plan_, event_head_);
  }

  void whole(std::string& out) override {
    write_parts(out, members_, R"("choices":[)");
    for (std::int64_t choice = 0; choice < plan_.request.choices; ++choice) {
      write_parts(out, choice == 0 ? "" : ",", R"({"text":")");
      plan_.script.append(out, plan_.tokens);
      write_parts(out, R"(","index":)", choice, R"(,"logprobs":null,"finish_reason":)", openai_finish(plan_.finish),
                  "}");
    }
    out.push_back(']');
    if (plan_.with_usage) {
      out.push_back(',');
      append_openai_usage(out, plan_);
    }
    out.push_back('}');
  }

 private:
  const AnswerPlan& plan_;
  std::string members_;
  std::string event_head_;
  std::string token_head_;
};

}  // namespace

std::unique_ptr<Voice> completions_voice(const AnswerPlan& plan) {
  return std::make_unique<CompletionsVoice>(plan);
}

}  // namespace obleth::mock
