// Anthropic's messages: one content block, of text or of a tool's input.
#include "mock/json_text.hpp"
#include "mock/voice.hpp"

namespace obleth::mock {
namespace {

std::string_view stop_reason(Finish finish) {
  switch (finish) {
    case Finish::stop:
      return "\"end_turn\"";
    case Finish::length:
      return "\"max_tokens\"";
    case Finish::tool_call:
      return "\"tool_use\"";
  }
  return "null";
}

class MessagesVoice final : public Voice {
 public:
  explicit MessagesVoice(const AnswerPlan& plan) : plan_(plan) {}

  void open(std::string& out) override {
    out.append("event: message_start\ndata: {\"type\":\"message_start\",\"message\":");
    append_message_head(out);
    out.append(R"([],"stop_reason":null,"stop_sequence":null)");
    if (plan_.with_usage) append_usage(out, 0);
    out.append(
        "}}\n\nevent: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":");
    if (plan_.request.call) {
      append_call_head(out);
      out.append("{}}");
    } else {
      out.append(R"({"type":"text","text":""})");
    }
    out.append("}\n\nevent: ping\ndata: {\"type\":\"ping\"}\n\n");
  }

  void say(std::string& out, std::int64_t token, std::int64_t) override {
    write_parts(
        out, "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":",
        plan_.request.call ? R"({"type":"input_json_delta","partial_json":")" : R"({"type":"text_delta","text":")",
        plan_.script.piece(token), "\"}}\n\n");
  }

  void close(std::string& out) override {
    write_parts(out,
                "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
                "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":",
                stop_reason(plan_.finish), R"(,"stop_sequence":null})");
    if (plan_.with_usage) write_parts(out, R"(,"usage":{"output_tokens":)", plan_.output_tokens(), "}");
    out.append("}\n\n");
    if (plan_.with_done) out.append("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
  }

  void whole(std::string& out) override {
    append_message_head(out);
    out.push_back('[');
    if (plan_.request.call) {
      append_call_head(out);
      append_input(out);
      out.push_back('}');
    } else {
      out.append(R"({"type":"text","text":")");
      plan_.script.append(out, plan_.tokens);
      out.append("\"}");
    }
    write_parts(out, R"(],"stop_reason":)", stop_reason(plan_.finish), R"(,"stop_sequence":null)");
    if (plan_.with_usage) append_usage(out, plan_.output_tokens());
    out.push_back('}');
  }

 private:
  // Up to the value of "content".
  void append_message_head(std::string& out) const {
    write_parts(out, R"({"id":"msg_mock_)", plan_.facts.serial, R"(","type":"message","role":"assistant","model":)",
                plan_.model, R"(,"content":)");
  }

  // Up to the value of "input".
  void append_call_head(std::string& out) const {
    write_parts(out, R"({"type":"tool_use","id":"toolu_mock_)", plan_.facts.serial, R"(","name":)",
                quoted(plan_.request.call->name), R"(,"input":)");
  }

  // A cut input is no JSON: then the block holds none.
  void append_input(std::string& out) const {
    out.append(plan_.finish == Finish::length ? "{}" : plan_.request.call->arguments);
  }

  void append_usage(std::string& out, std::int64_t output_tokens) const {
    write_parts(out, R"(,"usage":{"input_tokens":)", plan_.prompt_tokens,
                R"(,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":)", output_tokens,
                R"(,"service_tier":"standard"})");
  }

  const AnswerPlan& plan_;
};

}  // namespace

std::unique_ptr<Voice> messages_voice(const AnswerPlan& plan) {
  return std::make_unique<MessagesVoice>(plan);
}

}  // namespace obleth::mock
