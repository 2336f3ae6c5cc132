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

// To the upstream's lines that cross.
void append_own_headers(AnswerHead& head, const Softened& request, const Policy& policy) {
  append_request_ids(head.lines, *request.record);
  append_path_headers(head.lines, request);
  append_cache_outcome(head.lines, *request.record);
  append_cross_origin(head.lines, request.exchange->head(), policy);
  if (head.status >= 400) head.lines += "x-obleth-error-source: upstream\r\n";
  head.lines += head.stream_lines;
}

Refusal interrupted() {
  return {.status = 502,
          .type = "upstream_error",
          .code = "stream_interrupted",
          .message = "The inference server broke off in the middle of the answer."};
}

// Only what will be whole for certain, as the client would get it at any other time.
void begin_capture(Softened& request, const AnswerHead& head) {
  const bool may_be_kept =
      head.status == 200 && !request.output_cap && !head.encoded && (head.event_stream || !head.ends_by_close);
  std::optional<std::string> lines = may_be_kept ? wire::replayable_headers(head.lines) : std::nullopt;
  if (!lines) {
    request.capture.reset();
    return;
  }
  *lines += head.stream_lines;
  request.capture->begin(std::move(*lines), head.event_stream);
}

}  // namespace

ReplyRelay::ReplyRelay(Answered&& answered, const Policy& policy)
    : answered_(std::move(answered)),
      request_(*answered_.request),
      meter_(answered_.head, request_.route.rules(), answered_.usage_injected) {
  if (!answered_.answer) return;
  if (request_.capture) begin_capture(request_, answered_.head);
  append_own_headers(answered_.head, request_, policy);
}

// One coroutine for all of a stream: what each of its events wakes is this frame and the upstream's. Whatever needs no
// waiting stands beside it, so that the frame is small.
Task<void> ReplyRelay::run() {
  if (!answered_.answer) {
    ending_ = Ending::client_left;
    co_return;
  }
  if (begins_before_its_events()) {
    const Instant begun_at = request_.loop->now();
    const Result<void> passed = co_await pass_on({});
    note_passed(passed, begun_at);
  }
  bool more = true;
  while (more && ending_ == Ending::complete) {
    if (!answered_.buffered.empty()) {
      if (!take(std::string_view(answered_.buffered))) break;
    } else {
      const Instant asked_at = request_.loop->now();
      const Result<std::string_view> piece = co_await answered_.answer->read();
      note_wait_since(asked_at);
      if (!take(piece)) break;
    }
    if (is_end_of_answer()) {
      hold_onward();
      more = !answered_.answer->has_ended();
    }
    for (const std::string_view next : onward_) {
      if (next.empty() && request_.exchange->started()) continue;
      const Instant passed_at = request_.loop->now();
      const Result<void> passed = co_await pass_on(next);
      note_passed(passed, passed_at);
      if (ending_ != Ending::complete) co_return;
    }
    onward_.clear();
    std::string().swap(answered_.buffered);
    report_progress();
  }
  if (ending_ == Ending::complete) finish();
}

Outcome<Relayed> ReplyRelay::conclude() {
  if (refusal_) return refuse(std::move(*refusal_));
  if (ending_ != Ending::complete) request_.capture.reset();
  // Taken before the answer goes: it returns its connection to the pool, or closes it.
  std::string unsent_body = std::move(last_of_body_);
  bool ends_cleanly = true;
  if (lost_its_rest(ending_)) {
    const Refusal why = ending_ == Ending::gateway_stopped ? draining() : interrupted();
    request_.record->error_code = why.code;
    ends_cleanly = meter_.can_tell_in_stream();
    if (ends_cleanly) {
      unsent_body = wire::render_error_event({.message = why.message, .type = why.type, .code = why.code},
                                             request_.route.rules().errors, meter_.broken_at());
    }
  }
  for (const std::string_view piece : onward_)
    unsent_body += piece;
  const ToldUsage told = meter_.told();
  request_.record->usage_clamped = told.clamped;
  answered_.answer.reset();
  const bool started = request_.exchange->started();
  return Relayed{std::move(answered_.request),
                 std::move(answered_.visit),
                 ending_,
                 answered_.head.status,
                 meter_.can_tell_in_stream(),
                 told.usage,
                 told.output_told,
                 meter_.counted(),
                 started ? std::string() : std::move(answered_.head.lines),
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
    if (lost_its_rest(ending_) && !request_.exchange->started()) {
      answered_.answer.reset();
      if (ending_ == Ending::upstream_broke) answered_.visit.failed(request_.loop->now());
      refusal_ = std::make_unique<Refusal>(settle_failed(request_, from_upstream_fault(piece.error())));
    }
    return false;
  }
  if (piece->empty()) return false;
  note_first_byte();
  meter_.pass(*piece, onward_);
  if (request_.capture) capture_onward();
  return true;
}

void ReplyRelay::finish() {
  meter_.finish(onward_);
  if (request_.capture) capture_onward();
  if (!request_.capture) return;
  // A stream is whole when it said so itself.
  const bool is_whole = !meter_.can_tell_in_stream() || meter_.done_seen();
  if (!is_whole || request_.capture->tells_failure()) request_.capture.reset();
}

// A copy of what the client is told; what does not fit is not kept.
void ReplyRelay::capture_onward() {
  const auto fits = [this](std::string_view piece) { return request_.capture->take(piece); };
  if (!std::ranges::all_of(onward_, fits)) request_.capture.reset();
}

// The answer's head goes with the first bytes.
Task<Result<void>> ReplyRelay::pass_on(std::string_view bytes) {
  if (request_.exchange->started()) return request_.exchange->write(bytes);
  const AnswerHead& head = answered_.head;
  return request_.exchange->start(head.status, head.lines,
                                  meter_.can_tell_in_stream() ? std::nullopt : head.content_length, bytes);
}

// A client that is gone is an ending.
void ReplyRelay::note_passed(const Result<void>& passed, Instant before) {
  note_wait_since(before);
  if (meter_.can_tell_in_stream() && !answered_.head.lines.empty()) {  // it may live long
    std::string().swap(answered_.head.lines);
    request_.exchange->forget_head();
  }
  if (!passed) ending_ = Ending::client_left;
}

// Not in obleth, but in the upstream's or the client's hands.
void ReplyRelay::note_wait_since(Instant before) {
  request_.timings.waiting += request_.loop->now() - before;
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
  if (meter_.can_tell_in_stream()) onward_.emplace_back();  // its head, where that has not gone
}

void ReplyRelay::note_first_byte() {
  if (std::exchange(first_byte_noted_, true)) return;
  request_.record->ttft_ms = whole_ms(request_.loop->now() - request_.timings.received);
}

// The first time as soon as the answer begins. One that waits whole for its row is settled in this turn.
void ReplyRelay::report_progress() {
  if (!request_.exchange->started()) return;
  const OutputTokens counted = meter_.counted().larger();
  const Instant now = request_.loop->now();
  if (counted.value <= progress_told_) return;
  if (counted.value - progress_told_ < progress_tokens_min && now - progress_at_ < progress_span_min) return;
  progress_told_ = counted.value;
  progress_at_ = now;
  request_.permit.progress(counted);
}

void ReplyRelay::note_cut(const Fault& fault) {
  if (meter_.done_seen()) return;  // nothing is missing: many clients leave when they have read it
  const bool left = fault.kind == FaultKind::cancelled || request_.exchange->departure().fired();
  const bool stopping = fault.kind == FaultKind::unavailable;  // ports::gateway_is_stopping
  ending_ = left ? Ending::client_left : stopping ? Ending::gateway_stopped : Ending::upstream_broke;
}

}  // namespace obleth::gateway
