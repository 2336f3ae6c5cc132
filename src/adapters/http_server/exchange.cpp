#include "adapters/http_server/exchange.hpp"

#include <array>
#include <utility>

#include "adapters/http_server/client_address.hpp"
#include "base/ensure.hpp"

namespace obleth::adapters {
namespace {

constexpr std::string_view head_end = "\r\n\r\n";
constexpr std::size_t head_memory_kept_max = 4096;
constexpr std::uint32_t reads_per_turn_max = 8;  // half a megabyte

// How many bytes of fresh belong to the head that began with held: all, when its end is not among them.
std::size_t bytes_of_head(std::string_view held, std::string_view fresh) {
  if (held.empty()) {
    const std::size_t at = fresh.find(head_end);
    return at == std::string_view::npos ? fresh.size() : at + head_end.size();
  }
  const std::size_t overlap = head_end.size() - 1;
  std::string seam(held.substr(held.size() - std::min(held.size(), overlap)));
  const std::size_t from_held = seam.size();
  seam += fresh.substr(0, overlap);
  const std::size_t at_seam = seam.find(head_end);
  if (at_seam != std::string::npos && at_seam + head_end.size() > from_held) {
    return at_seam + head_end.size() - from_held;
  }
  const std::size_t at = fresh.find(head_end);
  return at == std::string_view::npos ? fresh.size() : at + head_end.size();
}

}  // namespace

void Exchange::begin(ClientLink& link) {
  link_ = &link;
  if (head_bytes_.capacity() > head_memory_kept_max) head_bytes_ = std::string();
  head_bytes_.clear();
  head_bytes_searched_ = 0;
  client_address_.clear();
  continue_due_ = false;
  keep_alive_ = true;
  answer_ = Answer::none;
  answer_left_ = 0;
  reads_ = 0;
}

wire::HeadOutcome Exchange::take_head() {
  Inflow& inflow = link_->inflow;
  const std::size_t size = bytes_of_head(head_bytes_, inflow.bytes());
  head_bytes_.append(inflow.bytes().substr(0, size));
  inflow.consume(size);
  const wire::HeadOutcome outcome =
      wire::parse_request_head(head_bytes_, head_bytes_searched_, link_->settings().head, head_);
  head_bytes_searched_ = head_bytes_.size();
  if (!std::holds_alternative<wire::ParsedHead>(outcome)) return outcome;
  received_at_ = link_->loop().now();
  keep_alive_ = head_.keep_alive;
  continue_due_ = head_.expects_continue;
  body_.begin(head_, link_->settings().body_bytes_max);
  // What lies behind a request without a body is the next request, and may have to wait for long.
  if (body_.is_done()) inflow.settle();
  return outcome;
}

std::string_view Exchange::client_address() const {
  if (client_address_.empty()) {
    client_address_ = client_behind_proxies(link_->peer, head_, link_->share.listener).host_text();
  }
  return client_address_;
}

std::optional<std::uint64_t> Exchange::client_network() const {
  const HttpListener& listener = link_->share.listener;
  const NetAddress client = client_behind_proxies(link_->peer, head_, listener);
  return listener.trusts(client) ? std::nullopt : std::optional(client.network());
}

Task<Result<std::string_view>> Exchange::read_body() {
  ClientLink& link = *link_;
  while (true) {
    const std::string_view payload = body_.take(link.inflow);
    if (!payload.empty()) {
      continue_due_ = false;  // it did not wait for us
      co_return payload;
    }
    if (body_.state() == RequestBody::State::done) {
      link.inflow.settle();
      co_return std::string_view();
    }
    if (body_.state() == RequestBody::State::too_large) {
      keep_alive_ = false;
      co_return fail(client_fault(FaultKind::too_large, "The request body is larger than what is accepted here."));
    }
    if (body_.state() == RequestBody::State::malformed) {
      keep_alive_ = false;
      co_return fail(client_fault(FaultKind::invalid, "The chunked request body is malformed."));
    }
    link.inflow.settle();
    if (continue_due_) {
      Result<void> continued = co_await send_continue();
      if (!continued) co_return fail(std::move(continued.error()));
    }
    // A client that sends faster than it is read leaves no reason to wait: the others have their turn all the same.
    if (++reads_ % reads_per_turn_max == 0) co_await NextTurn(link.loop());
    const Instant deadline = link.loop().now() + link.settings().body_stall_max;
    const WaitOutcome waited = co_await link.socket->readable(deadline);
    if (waited == WaitOutcome::timed_out) {
      keep_alive_ = false;
      co_return fail(client_fault(FaultKind::timed_out, "The request body stopped arriving."));
    }
    const IoOutcome got = link.inflow.read(*link.socket);
    if (got.state == IoState::ended || got.state == IoState::failed) {
      co_return fail(give_up(FaultKind::broken, "The client left in the middle of its request body."));
    }
  }
}

Task<Result<void>> Exchange::send_continue() {
  continue_due_ = false;
  const std::array<std::string_view, 1> interim = {"HTTP/1.1 100 Continue\r\n\r\n"};
  Result<void> sent = co_await send(interim);
  co_return sent;
}

Fault Exchange::give_up(FaultKind kind, std::string message) {
  answer_ = Answer::broken;
  keep_alive_ = false;
  return client_fault(kind, std::move(message));
}

Task<Result<void>> Exchange::send(std::span<const std::string_view> pieces) {
  const WriteOutcome outcome =
      co_await link_->socket->write_all(pieces, link_->settings().write_stall_max, &link_->departure);
  switch (outcome) {
    case WriteOutcome::sent:
      co_return Result<void>{};
    case WriteOutcome::timed_out:
      co_return fail(give_up(FaultKind::timed_out, "The client stopped reading its answer."));
    case WriteOutcome::cancelled:
    case WriteOutcome::failed:
      break;
  }
  co_return fail(give_up(FaultKind::broken, "The client left before its answer was complete."));
}

Result<void> Exchange::count_payload(std::size_t bytes) {
  if (framing_ != AnswerFraming::length) return {};
  if (bytes > answer_left_) return fail(give_up(FaultKind::internal, "More bytes than Content-Length says."));
  answer_left_ -= bytes;
  return {};
}

Task<Result<void>> Exchange::start(int status, std::string_view head_lines, std::optional<std::uint64_t> content_length,
                                   std::string_view first) {
  if (answer_ == Answer::broken) co_return fail(give_up(FaultKind::broken, "The client has left."));
  ensure(answer_ == Answer::none, "an answer starts once");
  answer_ = Answer::open;
  // A client that still waits for 100 Continue may or may not send its body now: there is no telling the next request.
  if (continue_due_ || link_->share.listener.is_closing()) keep_alive_ = false;
  const AnswerShape shape{.status = status,
                          .to_head_request = head_.method == "HEAD",
                          .to_http_1_0 = head_.is_http_1_0,
                          .keep_alive = keep_alive_,
                          .content_length = content_length};
  framing_ = framing_of(shape);
  if (framing_ == AnswerFraming::until_close) keep_alive_ = false;
  answer_left_ = content_length.value_or(0);
  if (framing_ == AnswerFraming::none) first = {};
  Result<void> counted = count_payload(first.size());
  if (!counted) co_return counted;

  ShortText unnamed_status;
  ShortText tail;
  if (!has_line(head_lines, "date:")) tail.add(link_->share.date_line.at(link_->loop().wall_now()));
  add_framing(tail, shape, framing_);
  const bool as_chunk = framing_ == AnswerFraming::chunked && !first.empty();
  if (as_chunk) {
    tail.add_number(first.size(), 16);
    tail.add("\r\n");
  }
  const std::array<std::string_view, 5> pieces = {status_line(status, unnamed_status), head_lines, tail.view(), first,
                                                  as_chunk ? std::string_view("\r\n") : std::string_view()};
  Result<void> sent = co_await send(pieces);
  // first may have pointed into the request's body; from here on its buffer is not needed.
  if (body_.is_done()) link_->inflow.settle();
  co_return sent;
}

Task<Result<void>> Exchange::send_payload(std::string_view bytes, bool is_last) {
  if (answer_ == Answer::broken) co_return fail(give_up(FaultKind::broken, "The client has left."));
  ensure(answer_ == Answer::open, "an answer is written between its start and its one finish");
  if (framing_ == AnswerFraming::none) bytes = {};
  Result<void> counted = count_payload(bytes.size());
  if (!counted) co_return counted;
  if (framing_ != AnswerFraming::chunked) {
    if (bytes.empty()) co_return Result<void>{};
    const std::array<std::string_view, 1> plain = {bytes};
    Result<void> sent = co_await send(plain);
    co_return sent;
  }
  ShortText size_line;
  if (!bytes.empty()) {
    size_line.add_number(bytes.size(), 16);
    size_line.add("\r\n");
  }
  const std::string_view end_of_payload = bytes.empty() ? "" : "\r\n";
  const std::string_view end_of_body = is_last ? "0\r\n\r\n" : "";
  const std::array<std::string_view, 4> chunk = {size_line.view(), bytes, end_of_payload, end_of_body};
  Result<void> sent = co_await send(chunk);
  co_return sent;
}

Task<Result<void>> Exchange::write(std::string_view bytes) {
  return send_payload(bytes, false);
}

Task<Result<void>> Exchange::finish(std::string_view last) {
  Result<void> sent = co_await send_payload(last, true);
  if (!sent) co_return sent;
  if (framing_ == AnswerFraming::length && answer_left_ > 0) {
    co_return fail(give_up(FaultKind::internal, "Fewer bytes than Content-Length says."));
  }
  answer_ = Answer::complete;
  co_return Result<void>{};
}

}  // namespace obleth::adapters
