#include "adapters/http_client/request_upload.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace obleth::adapters {
namespace {

constexpr std::size_t pieces_at_once = 16;  // gathered on the stack; a patched body has fewer

// Without a bound in the call, a write may stall for as long as TCP lets it. What is held whole is bounded by whoever
// waits for its answer; of what streams through each write is.
Duration stall_max(const ports::UpstreamCall& call) {
  const Duration longest = call.idle_timeout > Duration(0) ? call.idle_timeout : std::chrono::hours(1);
  const bool is_impatient = call.stream != nullptr && call.head_timeout > Duration(0);
  return is_impatient ? std::min(longest, call.head_timeout) : longest;
}

}  // namespace

RequestUpload::RequestUpload(Socket& socket, const ports::UpstreamCall& call) : socket_(socket), call_(call) {
  if (call.stream != nullptr) {
    running_ = send_stream();
    return;
  }
  if (socket_.loop().has_more_to_run()) {
    gather_pieces();
  } else {
    send_at_once();
  }
  if (!ended_) running_ = send_rest();
}

void RequestUpload::gather_pieces() {
  rest_.reserve(call_.body.size() + 1);
  rest_.push_back(call_.head);
  rest_.insert(rest_.end(), call_.body.begin(), call_.body.end());
}

void RequestUpload::send_at_once() {
  std::array<std::string_view, pieces_at_once> gathered;
  std::span<const std::string_view> pieces;
  if (call_.body.size() < gathered.size()) {
    gathered[0] = call_.head;
    std::ranges::copy(call_.body, gathered.begin() + 1);
    pieces = std::span(gathered).first(call_.body.size() + 1);
  } else {
    gather_pieces();
    pieces = rest_;
  }
  const IoOutcome wrote = socket_.write_some(pieces, 0);
  if (wrote.state == IoState::failed) {
    finish(false);
    return;
  }
  std::size_t sent = wrote.bytes;
  std::vector<std::string_view> left;
  for (std::string_view piece : pieces) {
    const std::size_t taken = std::min(sent, piece.size());
    sent -= taken;
    piece.remove_prefix(taken);
    if (!piece.empty()) left.push_back(piece);
  }
  rest_ = std::move(left);
  if (rest_.empty()) finish(true);
}

RootTask RequestUpload::send_rest() {
  const WriteOutcome outcome = co_await socket_.write_all(rest_, stall_max(call_), call_.cancel);
  if (note_write(outcome)) finish(true);
}

RootTask RequestUpload::send_stream() {
  bool has_head = true;
  bool more = true;
  while (more) {
    Result<std::string_view> piece = co_await call_.stream->next();
    if (!piece) {
      break_off(std::move(piece.error()));
      co_return;
    }
    more = !piece->empty();
    std::array<char, 20> size_line;
    char* end = std::to_chars(size_line.data(), size_line.data() + 16, piece->size(), 16).ptr;
    *end++ = '\r';
    *end++ = '\n';
    const std::string_view size(size_line.data(), static_cast<std::size_t>(end - size_line.data()));
    const std::array<std::string_view, 4> pieces = {
        has_head ? call_.head : std::string_view(), call_.stream_chunked ? size : std::string_view(), *piece,
        call_.stream_chunked ? std::string_view("\r\n") : std::string_view()};
    has_head = false;
    const WriteOutcome outcome = co_await socket_.write_all(pieces, stall_max(call_), call_.cancel);
    if (!note_write(outcome)) co_return;
  }
  finish(true);
}

// False: it is over.
bool RequestUpload::note_write(WriteOutcome outcome) {
  if (outcome == WriteOutcome::failed) finish(false);
  if (outcome == WriteOutcome::timed_out)
    break_off(upstream_fault(FaultKind::timed_out, "the server does not take the request", false));
  if (outcome == WriteOutcome::cancelled)
    break_off(upstream_fault(FaultKind::cancelled, "the request was called off while it was sent", false));
  return outcome == WriteOutcome::sent;
}

// The reader of the answer goes on, finds the socket closed, and asks here for the reason.
void RequestUpload::break_off(Fault fault) {
  fault_ = std::move(fault);
  finish(false);
  socket_.close();
}

void RequestUpload::finish(bool complete) {
  ended_ = true;
  complete_ = complete;
  ended_at_ = socket_.loop().now();
  if (waiter_ != nullptr) socket_.loop().run_soon(*waiter_);
}

}  // namespace obleth::adapters
