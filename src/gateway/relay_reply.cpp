#include "gateway/relay_reply.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "gateway/answer_headers.hpp"
#include "gateway/settle_cost.hpp"
#include "wire/error_body.hpp"
#include "wire/header_rules.hpp"

namespace obleth::gateway {
namespace {

constexpr std::int64_t progress_tokens_min = 32;
constexpr Duration progress_span_min = std::chrono::milliseconds(100);

void append_stream_headers(std::string& lines, const AnswerHead& head) {
  if (!head.event_stream) return;
  lines += "X-Accel-Buffering: no\r\n";
  if (!head.has_cache_control) lines += "Cache-Control: no-cache\r\n";
}

// Takes the head's lines, and adds ours.
std::string client_head_lines(Answered& answered, const Policy& policy) {
  std::string lines = std::move(answered.head.lines);
  append_request_ids(lines, *answered.record);
  append_path_headers(lines, answered);
  append_cache_outcome(lines, *answered.record);
  append_cross_origin(lines, answered.exchange->head(), policy);
  if (answered.head.status >= 400) lines += "x-obleth-error-source: upstream\r\n";
  append_stream_headers(lines, answered.head);
  return lines;
}

// Only what will be whole for certain, as the client would get it at any other time.
void begin_capture(Answered& answered) {
  const AnswerHead& head = answered.head;
  const bool may_be_kept =
      head.status == 200 && !answered.output_cap && !head.encoded && (head.event_stream || !head.ends_by_close);
  std::optional<std::string> lines = may_be_kept ? wire::replayable_headers(head.lines) : std::nullopt;
  if (!lines) {
    answered.capture.reset();
    return;
  }
  append_stream_headers(*lines, head);
  answered.capture->begin(std::move(*lines), head.event_stream);
}

}  // namespace

ReplyRelay::ReplyRelay(Answered&& answered, const Policy& policy)
    : answered_(std::move(answered)), meter_(answered_.head, answered_.route.rules(), answered_.usage_injected) {
  if (!answered_.answer) return;
  if (answered_.capture) begin_capture(answered_);
  head_lines_ = client_head_lines(answered_, policy);
}

// One coroutine for all of a stream: what each of its events wakes is this frame and the upstream's.
Task<void> ReplyRelay::run() {
  if (!answered_.answer) {
    ending_ = Ending::client_left;
    co_return;
  }
  if (!answered_.buffered.empty()) meter_.pass(answered_.buffered, onward_);
  if (begins_before_its_events()) co_await start_answer({});
  while (ending_ == Ending::complete) {
    const Instant asked_at = answered_.loop->now();
    const Result<std::string_view> piece = co_await answered_.answer->read();
    note_wait_since(asked_at);
    if (!take(piece)) break;
    if (is_end_of_answer()) {
      hold_onward();
      if (meter_.can_tell_in_stream() && !answered_.exchange->started()) co_await start_answer({});
    }
    for (const std::string_view next : onward_) {
      if (next.empty()) continue;
      if (!answered_.exchange->started()) {
        co_await start_answer(next);
      } else {
        const Instant written_at = answered_.loop->now();
        const Result<void> written = co_await answered_.exchange->write(next);
        note_wait_since(written_at);
        if (!written) ending_ = Ending::client_left;
      }
      if (ending_ != Ending::complete) co_return;
    }
    onward_.clear();
    if (ending_ == Ending::complete) report_progress();
  }
  if (ending_ == Ending::complete) finish();
}

Outcome<Relayed> ReplyRelay::conclude() {
  if (refusal_) return refuse(std::move(*refusal_));
  if (ending_ != Ending::complete) answered_.capture.reset();
  // Taken before the answer goes: it returns its connection to the pool, or closes it.
  std::string unsent_body = std::move(last_of_body_);
  bool ends_cleanly = true;
  if (ending_ == Ending::upstream_broke) {
    answered_.record->error_code = "stream_interrupted";
    ends_cleanly = meter_.can_tell_in_stream();
    if (ends_cleanly) {
      unsent_body = wire::render_error_event({.message = "The inference server broke off in the middle of the answer.",
                                              .type = "upstream_error",
                                              .code = "stream_interrupted"},
                                             answered_.route.rules().errors, meter_.broken_at());
    }
  }
  for (const std::string_view piece : onward_)
    unsent_body += piece;
  const ToldUsage told = meter_.told();
  answered_.record->usage_clamped = told.clamped;
  answered_.answer.reset();
  const bool started = answered_.exchange->started();
  return Relayed{static_cast<Softened&&>(answered_),
                 std::move(answered_.visit),
                 ending_,
                 answered_.head.status,
                 meter_.can_tell_in_stream(),
                 told.usage,
                 told.output_told,
                 meter_.counted(),
                 started ? std::string() : std::move(head_lines_),
                 std::move(unsent_body),
                 answered_.head.content_length,
                 ends_cleanly};
}

// A head whose events are still to come goes out at once.
bool ReplyRelay::begins_before_its_events() const {
  return answered_.head.event_stream && answered_.buffered.empty() && !answered_.answer->has_buffered();
}

// False: nothing more goes on to the client.
bool ReplyRelay::take(const Result<std::string_view>& piece) {
  if (!piece) {
    note_cut(piece.error());
    if (ending_ == Ending::upstream_broke && !answered_.exchange->started()) {
      answered_.answer.reset();
      answered_.visit.failed(answered_.loop->now());
      refusal_ = std::make_unique<Refusal>(settle_failed(answered_, from_upstream_fault(piece.error())));
    }
    return false;
  }
  if (piece->empty()) return false;
  note_first_byte();
  meter_.pass(*piece, onward_);
  if (answered_.capture) capture_onward();
  return true;
}

void ReplyRelay::finish() {
  meter_.finish(onward_);
  if (answered_.capture) capture_onward();
  // A stream is whole when it said so itself.
  if (meter_.can_tell_in_stream() && !meter_.done_seen()) answered_.capture.reset();
}

// A copy of what the client is told; what does not fit is not kept.
void ReplyRelay::capture_onward() {
  const auto fits = [this](std::string_view piece) { return answered_.capture->take(piece); };
  if (!std::ranges::all_of(onward_, fits)) answered_.capture.reset();
}

// A client that is gone is an ending.
Task<void> ReplyRelay::start_answer(std::string_view first) {
  const Instant before = answered_.loop->now();
  const std::optional<std::uint64_t> length =
      meter_.can_tell_in_stream() ? std::nullopt : answered_.head.content_length;
  const Result<void> started = co_await answered_.exchange->start(answered_.head.status, head_lines_, length, first);
  note_wait_since(before);
  if (meter_.can_tell_in_stream()) {  // it may live long
    std::string().swap(head_lines_);
    answered_.exchange->forget_head();
  }
  if (!started) ending_ = Ending::client_left;
}

// Not in obleth, but in the upstream's or the client's hands.
void ReplyRelay::note_wait_since(Instant before) {
  answered_.timings.waiting += answered_.loop->now() - before;
}

// With these pieces all has come that will come: they wait for the row in the ledger, the end of a stream's events,
// where its last chunk came with it, and the last piece of what has a length. Nothing waits for bytes to come.
bool ReplyRelay::is_end_of_answer() {
  if (meter_.can_tell_in_stream()) return answered_.answer->has_ended();
  for (const std::string_view piece : onward_)
    bytes_passed_ += piece.size();
  return answered_.head.content_length == bytes_passed_;
}

// A whole short answer then leaves in one write, head and body.
void ReplyRelay::hold_onward() {
  for (const std::string_view piece : onward_)
    last_of_body_ += piece;
  onward_.clear();
}

void ReplyRelay::note_first_byte() {
  if (std::exchange(first_byte_noted_, true)) return;
  answered_.record->ttft_ms = whole_ms(answered_.loop->now() - answered_.timings.received);
}

// The first time as soon as the answer begins. One that waits whole for its row is settled in this turn.
void ReplyRelay::report_progress() {
  if (!answered_.exchange->started()) return;
  const OutputTokens counted = meter_.counted();
  const Instant now = answered_.loop->now();
  if (counted.value <= progress_told_) return;
  if (counted.value - progress_told_ < progress_tokens_min && now - progress_at_ < progress_span_min) return;
  progress_told_ = counted.value;
  progress_at_ = now;
  answered_.permit.progress(counted);
}

void ReplyRelay::note_cut(const Fault& fault) {
  if (meter_.done_seen()) return;  // nothing is missing: many clients leave when they have read it
  const bool left = fault.kind == FaultKind::cancelled || answered_.exchange->departure().fired();
  ending_ = left ? Ending::client_left : Ending::upstream_broke;
}

}  // namespace obleth::gateway
