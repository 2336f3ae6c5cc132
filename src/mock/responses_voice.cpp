// OpenAI's responses: one output item, a message or a function call. Every event is numbered.
#include "mock/json_text.hpp"
#include "mock/voice.hpp"

namespace obleth::mock {
namespace {

class ResponsesVoice final : public Voice {
 public:
  explicit ResponsesVoice(const AnswerPlan& plan) : plan_(plan), is_call_(plan.request.call.has_value()) {
    write_parts(item_id_, is_call_ ? "fc_mock_" : "msg_mock_", plan.facts.serial);
  }

  void open(std::string& out) override {
    for (const std::string_view event : {"response.created", "response.in_progress"}) {
      begin(out, event);
      out.append(R"(,"response":)");
      append_response(out, false);
      end(out);
    }
    begin(out, "response.output_item.added");
    out.append(R"(,"output_index":0,"item":)");
    append_item(out, false);
    end(out);
    if (is_call_) return;
    begin_part(out, "response.content_part.added");
    out.append(R"(,"part":{"type":"output_text","text":"","annotations":[],"logprobs":[]})");
    end(out);
  }

  void say(std::string& out, std::int64_t token, std::int64_t) override {
    begin_part(out, is_call_ ? "response.function_call_arguments.delta" : "response.output_text.delta");
    write_parts(out, R"(,"delta":")", plan_.script.piece(token), is_call_ ? "\"" : R"(","logprobs":[])");
    end(out);
  }

  void close(std::string& out) override {
    begin_part(out, is_call_ ? "response.function_call_arguments.done" : "response.output_text.done");
    out.append(is_call_ ? R"(,"arguments":")" : R"(,"logprobs":[],"text":")");
    plan_.script.append(out, plan_.tokens);
    out.push_back('"');
    if (is_call_) write_parts(out, R"(,"name":)", quoted(plan_.request.call->name));
    end(out);
    if (!is_call_) {
      begin_part(out, "response.content_part.done");
      out.append(R"(,"part":)");
      append_part(out);
      end(out);
    }
    begin(out, "response.output_item.done");
    out.append(R"(,"output_index":0,"item":)");
    append_item(out, true);
    end(out);
    if (!plan_.with_done) return;
    begin(out, is_cut() ? "response.incomplete" : "response.completed");
    out.append(R"(,"response":)");
    append_response(out, true);
    end(out);
  }

  void whole(std::string& out) override { append_response(out, true); }

 private:
  [[nodiscard]] bool is_cut() const { return plan_.finish == Finish::length; }

  void begin(std::string& out, std::string_view event) {
    write_parts(out, "event: ", event, "\ndata: {\"type\":\"", event, R"(","sequence_number":)", sequence_++);
  }
  static void end(std::string& out) { out.append("}\n\n"); }

  // An event about the inside of the one item.
  void begin_part(std::string& out, std::string_view event) {
    begin(out, event);
    write_parts(out, R"(,"item_id":")", item_id_, R"(","output_index":0)", is_call_ ? "" : R"(,"content_index":0)");
  }

  void append_part(std::string& out) const {
    out.append(R"({"type":"output_text","text":")");
    plan_.script.append(out, plan_.tokens);
    out.append(R"(","annotations":[],"logprobs":[]})");
  }

  void append_item(std::string& out, bool is_done) const {
    const std::string_view status = !is_done ? "in_progress" : is_cut() ? "incomplete" : "completed";
    write_parts(out, R"({"id":")", item_id_, R"(","status":")", status);
    if (is_call_) {
      write_parts(out, R"(","type":"function_call","call_id":"call_mock_)", plan_.facts.serial, R"(","name":)",
                  quoted(plan_.request.call->name), R"(,"arguments":")");
      if (is_done) plan_.script.append(out, plan_.tokens);
      out.append("\"}");
      return;
    }
    out.append(R"(","type":"message","role":"assistant","content":[)");
    if (is_done) append_part(out);
    out.append("]}");
  }

  void append_response(std::string& out, bool is_done) const {
    const std::string_view status = !is_done ? "in_progress" : is_cut() ? "incomplete" : "completed";
    write_parts(out, R"({"id":"resp_mock_)", plan_.facts.serial, R"(","object":"response","created_at":)",
                plan_.facts.created_secs, R"(,"status":")", status, R"(","background":false,"error":null,)",
                R"("incomplete_details":)", is_done && is_cut() ? R"({"reason":"max_output_tokens"})" : "null",
                R"(,"instructions":null,"max_output_tokens":)");
    if (plan_.request.output_cap) {
      append_number(out, *plan_.request.output_cap);
    } else {
      out.append("null");
    }
    write_parts(out, R"(,"model":)", plan_.model, R"(,"output":[)");
    if (is_done) append_item(out, true);
    out.append(R"(],"parallel_tool_calls":true,"previous_response_id":null,)"
               R"("reasoning":{"effort":null,"summary":null},"service_tier":"default","store":false,"temperature":1.0,)"
               R"("text":{"format":{"type":"text"}},"tool_choice":"auto","tools":[],"top_p":1.0,)"
               R"("truncation":"disabled","user":null,"metadata":{},"usage":)");
    append_usage(out, is_done);
    out.push_back('}');
  }

  void append_usage(std::string& out, bool is_done) const {
    if (!is_done || !plan_.with_usage) {
      out.append("null");
      return;
    }
    write_parts(out, R"({"input_tokens":)", plan_.prompt_tokens,
                R"(,"input_tokens_details":{"cached_tokens":0,"cache_write_tokens":0},"output_tokens":)",
                plan_.output_tokens(), R"(,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":)",
                plan_.prompt_tokens + plan_.output_tokens(), "}");
  }

  const AnswerPlan& plan_;
  const bool is_call_;
  std::string item_id_;
  std::int64_t sequence_ = 0;
};

}  // namespace

std::unique_ptr<Voice> responses_voice(const AnswerPlan& plan) {
  return std::make_unique<ResponsesVoice>(plan);
}

}  // namespace obleth::mock
