#include "adapters/http_client/incoming_answer.hpp"

#include <algorithm>
#include <cstring>
#include <utility>
#include <variant>

#include "wire/http_head.hpp"

namespace obleth::adapters {
namespace {

constexpr int switching_protocols = 101;

Instant deadline_after(Instant from, Duration timeout) {
  return timeout > Duration(0) ? from + timeout : Instant::distant_future();
}

}  // namespace

IncomingAnswer::IncomingAnswer(ConnectionPool& pool, AnswerBuffers& buffers, UpstreamConnection connection)
    : pool_(pool), buffers_(buffers), connection_(std::move(connection)) {}

IncomingAnswer::~IncomingAnswer() {
  release_buffer();
}

Task<Result<void>> IncomingAnswer::receive_head(const ports::UpstreamCall& call, const RequestUpload& upload) {
  EpollLoop& loop = pool_.loop();
  Instant deadline = deadline_after(loop.now(), call.head_timeout);
  while (true) {
    const WaitOutcome waited = co_await socket().readable(deadline, call.cancel);
    if (waited == WaitOutcome::cancelled) co_return fail(lose(FaultKind::cancelled, "the request was called off"));
    if (waited == WaitOutcome::timed_out) {
      // What streams through leaves as its client gives it: only when it has left its answer can be waited for.
      if (call.stream != nullptr) {
        const Instant since = upload.has_ended() ? upload.ended_at() : loop.now();
        deadline = deadline_after(since, call.head_timeout);
        if (deadline > loop.now()) continue;
      }
      co_return fail(lose(FaultKind::timed_out, "the server did not answer in time"));
    }
    if (buffer_ == nullptr) buffer_ = buffers_.take();
    const IoOutcome got = socket().read_some(std::span(buffer_->bytes).subspan(end_));
    if (got.state == IoState::ended || got.state == IoState::failed)
      co_return fail(lose(FaultKind::broken, "the server closed the connection without an answer", true));
    if (got.state == IoState::would_block) {
      if (end_ == 0) release_buffer();
      continue;
    }
    any_byte_came_ = true;
    end_ += got.bytes;
    const HeadState state = parse_heads(call.answer_has_no_body);
    if (state == HeadState::complete) co_return Result<void>{};
    if (state == HeadState::bad) co_return fail(lose(FaultKind::bad_answer, "the server's answer is not HTTP/1.1"));
  }
}

// Up to the final head; interim ones are passed over.
IncomingAnswer::HeadState IncomingAnswer::parse_heads(bool answer_has_no_body) {
  const std::string_view method = answer_has_no_body ? "HEAD" : "POST";
  while (true) {
    const std::string_view bytes(buffer_->bytes.data() + begin_, end_ - begin_);
    const wire::HeadOutcome outcome = wire::parse_response_head(bytes, searched_, {}, method, buffer_->head);
    if (std::holds_alternative<wire::HeadFault>(outcome)) return HeadState::bad;
    if (std::holds_alternative<wire::NeedMoreBytes>(outcome)) {
      searched_ = bytes.size();
      if (begin_ > 0) std::memmove(buffer_->bytes.data(), bytes.data(), bytes.size());
      begin_ = 0;
      end_ = bytes.size();
      return end_ < buffer_->bytes.size() ? HeadState::incomplete : HeadState::bad;
    }
    begin_ += std::get<wire::ParsedHead>(outcome).bytes;
    searched_ = 0;
    if (buffer_->head.status >= 200) return HeadState::complete;
    if (buffer_->head.status == switching_protocols || ++interim_heads_ > interim_heads_max) return HeadState::bad;
  }
}

void IncomingAnswer::begin_body(const ports::UpstreamCall& call, bool request_is_complete) {
  idle_timeout_ = call.idle_timeout;
  cancel_ = call.cancel;
  decoder_ = BodyDecoder(head());
  reusable_ = request_is_complete && head().keep_alive && !decoder_.ends_with_connection();
  if (decoder_.state() == BodyDecoder::State::done) {
    note_complete();
  } else {
    ready_ = decode_received();
  }
}

// The one coroutine of a stream that waits for its upstream: what needs no waiting stands beside it, so that its frame
// is small.
Task<Result<std::string_view>> IncomingAnswer::read() {
  if (!ready_.empty()) co_return std::exchange(ready_, {});
  release_buffer();
  while (more_can_come()) {
    const Instant deadline = deadline_after(pool_.loop().now(), idle_timeout_);
    const WaitOutcome waited = co_await socket().readable(deadline, cancel_);
    if (std::optional<Result<std::string_view>> told = receive(waited)) co_return *std::move(told);
  }
  co_return end_of_body();
}

bool IncomingAnswer::more_can_come() const {
  return decoder_.state() == BodyDecoder::State::more && connection_.socket != nullptr && connection_.socket->is_open();
}

std::optional<Result<std::string_view>> IncomingAnswer::receive(WaitOutcome waited) {
  if (waited == WaitOutcome::cancelled) return fail(lose(FaultKind::cancelled, "the answer was called off"));
  if (waited == WaitOutcome::timed_out)
    return fail(lose(FaultKind::timed_out, "the server stopped in the middle of its answer"));
  buffer_ = buffers_.take();
  const IoOutcome got = socket().read_some(buffer_->bytes);
  if (got.state == IoState::moved) {
    begin_ = 0;
    end_ = got.bytes;
    const std::string_view payload = decode_received();
    if (!payload.empty()) return payload;
  }
  release_buffer();
  if (got.state == IoState::moved || got.state == IoState::would_block) return std::nullopt;
  if (got.state != IoState::ended || !decoder_.ends_with_connection())
    return fail(lose(FaultKind::broken, "the server broke off in the middle of its answer"));
  connection_.socket.reset();
  return std::nullopt;
}

Result<std::string_view> IncomingAnswer::end_of_body() {
  if (decoder_.state() == BodyDecoder::State::fault)
    return fail(lose(FaultKind::bad_answer, "the server's chunked answer is malformed"));
  const bool ended_with_connection = decoder_.ends_with_connection() && connection_.socket == nullptr;
  if (decoder_.state() == BodyDecoder::State::more && !ended_with_connection)
    return fail(lose(FaultKind::broken, "the answer was broken off"));
  return std::string_view();
}

std::string_view IncomingAnswer::decode_received() {
  if (begin_ == end_) return {};
  const BodyDecoder::Step step = decoder_.decode(std::span(buffer_->bytes).subspan(begin_, end_ - begin_));
  begin_ += step.consumed;
  if (step.state == BodyDecoder::State::done) note_complete();
  return step.payload;
}

// Bytes beyond the answer's end belong to nothing that was asked.
void IncomingAnswer::note_complete() {
  if (reusable_ && begin_ == end_) pool_.give(std::move(connection_));
  connection_.socket.reset();
}

void IncomingAnswer::break_off() {
  is_stopped_ = true;
  close();
}

// Closed, not destroyed: somebody may wait on it.
void IncomingAnswer::close() {
  if (connection_.socket != nullptr) connection_.socket->close();
}

Fault IncomingAnswer::lose(FaultKind kind, std::string message, bool may_retry) {
  close();
  release_buffer();
  if (is_stopped_) return ports::gateway_is_stopping();
  return upstream_fault(kind, std::move(message), may_retry);
}

void IncomingAnswer::release_buffer() {
  buffers_.give(std::move(buffer_));
  begin_ = end_ = 0;
}

}  // namespace obleth::adapters
