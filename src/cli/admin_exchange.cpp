#include "cli/admin_exchange.hpp"

#include <chrono>
#include <utility>

#include "wire/http_head.hpp"

namespace obleth::cli {
namespace {

constexpr std::chrono::seconds answer_wait_max{60};

std::string request_bytes(const AdminRequest& request, const AdminAddress& address) {
  std::string bytes = request.method + " " + address.server.base_path + request.path + " HTTP/1.1\r\n";
  bytes += "Host: " + address.server.authority + "\r\nConnection: close\r\nAccept: application/json\r\n";
  bytes += "Authorization: Bearer " + std::string(address.token.reveal()) + "\r\n";
  if (!request.body.empty()) bytes += "Content-Type: " + request.content_type + "\r\n";
  if (!request.body.empty() || request.method != "GET") {
    bytes += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  }
  return bytes + "\r\n" + request.body;
}

// 199 obleth "what it says"
std::string_view warn_text(std::string_view value) {
  const std::size_t begin = value.find('"');
  const std::size_t end = value.rfind('"');
  return begin == end ? value : value.substr(begin + 1, end - begin - 1);
}

}  // namespace

std::unexpected<Fault> bad_answer(std::string_view what) {
  const std::string message = "the Management API's answer makes no sense: " + std::string(what);
  return fail({FaultKind::bad_answer, FaultSource::upstream, false, message, {}});
}

Result<AdminExchange> AdminExchange::begin(const AdminAddress& address, const AdminRequest& request) {
  Result<AdminConnection> connection = AdminConnection::open(address.server, answer_wait_max);
  if (!connection) return fail(std::move(connection.error()));
  AdminExchange exchange(std::move(*connection));
  const Result<void> sent = exchange.connection_.send(request_bytes(request, address));
  // A body that is too large is refused before all of it has left.
  if (!sent && sent.error().kind != FaultKind::broken) return fail(sent.error());
  do {
    const Result<void> received = exchange.receive_head(request.method);
    if (!received) return fail(sent ? received.error() : sent.error());
  } while (exchange.status_ >= 100 && exchange.status_ < 200);
  return exchange;
}

Result<void> AdminExchange::receive_head(std::string_view method) {
  std::size_t looked_at = 0;
  arrived_.erase(0, taken_);
  for (;;) {
    ResponseHead head;
    const wire::HeadOutcome outcome = wire::parse_response_head(arrived_, looked_at, {}, method, head);
    if (const auto* fault = std::get_if<wire::HeadFault>(&outcome)) return bad_answer(fault->message);
    if (const auto* parsed = std::get_if<wire::ParsedHead>(&outcome)) {
      taken_ = parsed->bytes;
      status_ = head.status;
      warning_ = warn_text(head.fields.find("warning").value_or(""));
      framing_ = head.framing;
      length_left_ = head.content_length;
      return {};
    }
    looked_at = arrived_.size();
    const Result<bool> more = connection_.receive(arrived_);
    if (!more) return fail(more.error());
    if (!*more) return bad_answer("the connection closed before an answer came");
  }
}

Result<std::string_view> AdminExchange::read() {
  while (!is_over_) {
    Result<std::string_view> piece = take_arrived();
    if (!piece || !piece->empty() || is_over_) return piece;
    if (taken_ < arrived_.size()) continue;
    arrived_.clear();
    taken_ = 0;
    const Result<bool> more = connection_.receive(arrived_);
    if (!more) return fail(more.error());
    if (*more) continue;
    is_over_ = true;
    if (framing_ != BodyFraming::until_close) return bad_answer("it was cut");
  }
  return std::string_view();
}

// Of what arrived, the next that belongs to the body.
Result<std::string_view> AdminExchange::take_arrived() {
  std::string_view piece = std::string_view(arrived_).substr(taken_);
  switch (framing_) {
    case BodyFraming::none:
      is_over_ = true;
      return std::string_view();
    case BodyFraming::until_close:
      taken_ += piece.size();
      return piece;
    case BodyFraming::length:
      piece = piece.substr(0, length_left_);
      taken_ += piece.size();
      length_left_ -= piece.size();
      is_over_ = length_left_ == 0;
      return piece;
    case BodyFraming::chunked:
      break;
  }
  const wire::ChunkDecoder::Step step = chunks_.feed(piece);
  if (step.state == wire::ChunkDecoder::State::fault) return bad_answer("broken chunks");
  taken_ += step.consumed;
  is_over_ = step.state == wire::ChunkDecoder::State::done;
  return step.payload;
}

}  // namespace obleth::cli
