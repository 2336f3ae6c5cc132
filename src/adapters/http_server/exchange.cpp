#include "adapters/http_server/exchange.hpp"

#include <array>
#include <utility>

#include "adapters/http_server/client_address.hpp"
#include "base/ensure.hpp"
#include "wire/dialects.hpp"
#include "wire/request_target.hpp"

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
  if (heard_ == nullptr) heard_ = std::make_unique_for_overwrite<Heard>();
  if (heard_->bytes.capacity() > head_memory_kept_max) std::string().swap(heard_->bytes);
  heard_->bytes.clear();
  heard_->bytes_searched = 0;
  heard_->client_address.clear();
  continue_due_ = false;
  keep_alive_ = true;
  answer_ = Answer::none;
  answer_left_ = 0;
  reads_ = 0;
}

wire::HeadOutcome Exchange::take_head() {
  Inflow& inflow = link_->inflow;
  const wire::HeadLimits& limits = link_->settings().head;
  std::size_t size = heard_->bytes.empty() ? wire::whole_head_bytes(inflow.bytes(), limits) : 0;
  if (size > 0) {
    heard_->bytes_searched = size - head_end.size() / 2;  // of a head that came whole only its end is searched again
  } else {
    size = bytes_of_head(heard_->bytes, inflow.bytes());
  }
  heard_->bytes.append(inflow.bytes().substr(0, size));
  inflow.consume(size);
  const wire::HeadOutcome outcome =
      wire::parse_request_head(heard_->bytes, heard_->bytes_searched, limits, heard_->head);
  heard_->bytes_searched = heard_->bytes.size();
  if (!std::holds_alternative<wire::ParsedHead>(outcome)) return outcome;
  received_at_ = link_->loop().now();
  keep_alive_ = heard_->head.keep_alive;
  continue_due_ = heard_->head.expects_continue;
  body_.begin(heard_->head, link_->settings().body_bytes_max);
  // What lies behind a request without a body is the next request, and may have to wait for long.
  if (body_.is_done()) inflow.settle();
  return outcome;
}

std::string_view Exchange::client_address() const {
  std::string& address = heard_->client_address;
  if (address.empty()) {
    address = client_behind_proxies(link_->peer, heard_->head, link_->share.listener).host_text();
  }
  return address;
}

std::optional<std::uint64_t> Exchange::client_network() const {
  const HttpListener& listener = link_->share.listener;
  const NetAddress client = client_behind_proxies(link_->peer, heard_->head, listener);
  return listener.trusts(client) ? std::nullopt : std::optional(client.network());
}

wire::ErrorDialect Exchange::error_dialect() const {
  const auto path = wire::normalise_target(wire::claimed_target(heard_->bytes));
  return path ? wire::errors_at(path->path) : wire::ErrorDialect::openai;
}

void Exchange::forget_head() {
  heard_.reset();
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
  const WriteOutcome outcome = co_await write_all(interim);
  co_return told(outcome);
}

Fault Exchange::give_up(FaultKind kind, std::string message) {
  answer_ = Answer::broken;
  keep_alive_ = false;
  return client_fault(kind, std::move(message));
}

WriteAll Exchange::write_all(std::span<const std::string_view> pieces) {
  return link_->socket->write_all(pieces, link_->settings().write_stall_max, &link_->departure);
}

Result<void> Exchange::told(WriteOutcome outcome) {
  switch (outcome) {
    case WriteOutcome::sent:
      return {};
    case WriteOutcome::timed_out:
      return fail(give_up(FaultKind::timed_out, "The client stopped reading its answer."));
    case WriteOutcome::cancelled:
    case WriteOutcome::failed:
      break;
  }
  return fail(give_up(FaultKind::broken, "The client left before its answer was complete."));
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
  // One that is answered in the middle of a long body is not waited for.
  if (body_.may_exceed(link_->settings().linger_bytes_max)) keep_alive_ = false;
  const AnswerShape shape{.status = status,
                          .to_head_request = heard_->head.method == "HEAD",
                          .to_http_1_0 = heard_->head.is_http_1_0,
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
  const WriteOutcome outcome = co_await write_all(pieces);
  // first may have pointed into the request's body; from here on its buffer is not needed.
  if (body_.is_done()) link_->inflow.settle();
  co_return told(outcome);
}

Result<void> Exchange::begin_payload(std::string_view& bytes) {
  if (answer_ == Answer::broken) return fail(give_up(FaultKind::broken, "The client has left."));
  ensure(answer_ == Answer::open, "an answer is written between its start and its one finish");
  if (framing_ == AnswerFraming::none) bytes = {};
  return count_payload(bytes.size());
}

Result<void> Exchange::end_payload() {
  if (framing_ == AnswerFraming::length && answer_left_ > 0) {
    return fail(give_up(FaultKind::internal, "Fewer bytes than Content-Length says."));
  }
  answer_ = Answer::complete;
  return {};
}

// One coroutine for whatever is written: of a stream it is made for each event.
Task<Result<void>> Exchange::send_payload(std::string_view bytes, bool is_last) {
  if (Result<void> begun = begin_payload(bytes); !begun) co_return begun;
  const FramedPayload framed(framing_, bytes, is_last);
  if (!framed.pieces().empty()) {
    const WriteOutcome outcome = co_await write_all(framed.pieces());
    if (outcome != WriteOutcome::sent) co_return told(outcome);
  }
  if (is_last) co_return end_payload();
  co_return Result<void>{};
}

Task<Result<void>> Exchange::write(std::string_view bytes) {
  return send_payload(bytes, false);
}

Task<Result<void>> Exchange::finish(std::string_view last) {
  return send_payload(last, true);
}

}  // namespace obleth::adapters
