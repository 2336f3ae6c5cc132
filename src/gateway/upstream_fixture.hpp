// For tests: inference servers in memory. Each request takes the next answer of the script, in the loop's time. One
// thread.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ensure.hpp"
#include "gateway/client_fixture.hpp"
#include "ports/loop.hpp"
#include "ports/upstream.hpp"

namespace obleth::gateway {

struct ScriptedAnswer {
  int status = 200;
  HeaderList headers = {};
  std::vector<std::string> pieces = {};
  bool has_length = true;
  std::optional<std::uint64_t> told_length = {};  // of a body that does not follow (HEAD)
  std::optional<Fault> refusal = {};              // no head comes
  std::optional<Fault> cut = {};                  // comes instead of the end
  bool connects = true;                           // false: nothing of the request leaves
  Duration head_takes{0};
  Duration piece_takes{0};       // before each piece, and before the end or the cut
  bool pieces_buffered = false;  // the first piece came with the head
  bool end_comes_with_last_piece = false;
};

inline ScriptedAnswer json_answer(int status, std::string body) {
  return {.status = status, .headers = {{"Content-Type", "application/json"}}, .pieces = {std::move(body)}};
}
// 10 tokens in, 20 out.
inline ScriptedAnswer good_answer() {
  return json_answer(200, R"({"choices":[{}],"usage":{"prompt_tokens":10,"completion_tokens":20}})");
}
inline ScriptedAnswer stream_answer(std::vector<std::string> events) {
  return {.headers = {{"Content-Type", "text/event-stream"}}, .pieces = std::move(events), .has_length = false};
}
inline ScriptedAnswer no_answer(FaultKind kind, bool may_retry) {
  return {.refusal = upstream_fault(kind, "scripted", may_retry),
          .connects = kind != FaultKind::unreachable && kind != FaultKind::forbidden};
}

// Events of a chat stream.
inline std::string token_event(const std::string& text) {
  return R"(data: {"choices":[{"index":0,"delta":{"content":")" + text + "\"}}]}\n\n";
}
inline const std::string usage_event =
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":20}}\n\n";
inline const std::string done_event = "data: [DONE]\n\n";

class FakeAnswer final : public ports::UpstreamAnswer {
 public:
  FakeAnswer(ports::Loop& loop, ScriptedAnswer script, CancelSignal* cancel, int& open)
      : loop_(loop), script_(std::move(script)), cancel_(cancel), open_(open) {
    ++open_;
    head_.status = script_.status;
    head_.framing = script_.has_length ? BodyFraming::length : BodyFraming::chunked;
    head_.has_content_length = script_.has_length;
    if (script_.has_length) {
      for (const std::string& piece : script_.pieces)
        head_.content_length += piece.size();
      if (script_.cut) head_.content_length += 100;
    }
    if (script_.told_length) {
      head_.framing = BodyFraming::none;
      head_.content_length = *script_.told_length;
    }
    for (const auto& [name, value] : script_.headers)
      ensure(head_.fields.append({name, value}), "too many headers in a test");
  }
  FakeAnswer(const FakeAnswer&) = delete;
  FakeAnswer& operator=(const FakeAnswer&) = delete;
  ~FakeAnswer() override { --open_; }

  [[nodiscard]] const ResponseHead& head() const override {
    ensure(!is_read_, "who has read of an answer does not ask for its head");
    return head_;
  }
  Task<Result<std::string_view>> read() override {
    is_read_ = true;
    const bool came = co_await ports::Pause(loop_, loop_.now() + script_.piece_takes, cancel_);
    if (!came) co_return fail(upstream_fault(FaultKind::cancelled, "called off", false));
    if (next_ < script_.pieces.size()) co_return script_.pieces[next_++];
    if (script_.cut) co_return fail(*script_.cut);
    co_return std::string_view();
  }
  [[nodiscard]] bool has_buffered() const override { return script_.pieces_buffered && next_ == 0; }
  [[nodiscard]] bool has_ended() const override {
    return script_.end_comes_with_last_piece && next_ == script_.pieces.size();
  }

 private:
  ports::Loop& loop_;
  ScriptedAnswer script_;
  CancelSignal* cancel_;
  int& open_;
  ResponseHead head_;
  bool is_read_ = false;
  std::size_t next_ = 0;
};

struct SentRequest {
  std::string authority;
  std::string head;
  std::string body;
  Duration head_timeout{0};
};

class FakeUpstream final : public ports::Upstream {
 public:
  explicit FakeUpstream(ports::Loop& loop) : loop_(loop) {}

  void will_answer(ScriptedAnswer answer) { script_.push_back(std::move(answer)); }
  // Where the script is at its end.
  void always_answers(ScriptedAnswer answer) { otherwise_ = std::move(answer); }

  Task<Result<std::unique_ptr<ports::UpstreamAnswer>>> send(const ports::UpstreamCall& call) override {
    CancelSignal* const cancel = call.cancel;
    const std::size_t mine = requests.size();
    requests.push_back({call.address->authority, std::string(call.head), {}, call.head_timeout});
    for (const std::string_view piece : call.body)
      requests[mine].body += piece;
    while (call.stream != nullptr) {
      const Result<std::string_view> piece = co_await call.stream->next();
      if (!piece) co_return fail(piece.error());
      if (piece->empty()) break;
      requests[mine].body += *piece;
    }
    ScriptedAnswer answer = next_answer();
    if (answer.connects) call.note_left();
    const bool came = co_await ports::Pause(loop_, loop_.now() + answer.head_takes, cancel);
    if (!came) co_return fail(upstream_fault(FaultKind::cancelled, "called off", false));
    if (answer.refusal) co_return fail(*answer.refusal);
    co_return std::make_unique<FakeAnswer>(loop_, std::move(answer), cancel, open_answers);
  }

  std::vector<SentRequest> requests;
  int open_answers = 0;

 private:
  ScriptedAnswer next_answer() {
    if (script_.empty()) return otherwise_;
    ScriptedAnswer next = std::move(script_.front());
    script_.pop_front();
    return next;
  }

  ports::Loop& loop_;
  std::deque<ScriptedAnswer> script_;
  ScriptedAnswer otherwise_ = good_answer();
};

}  // namespace obleth::gateway
