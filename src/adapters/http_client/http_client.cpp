#include "adapters/http_client/http_client.hpp"

#include <array>
#include <string>
#include <utility>

namespace obleth::adapters {
namespace {

// A body whose first piece has been taken from it.
class Begun final : public ports::BodySource {
 public:
  Begun(std::string_view first, ports::BodySource& rest) : first_(first), rest_(rest) {}
  Task<Result<std::string_view>> next() override { return std::exchange(is_begun_, true) ? rest_.next() : first(); }

 private:
  Task<Result<std::string_view>> first() { co_return first_; }

  std::string_view first_;
  ports::BodySource& rest_;
  bool is_begun_ = false;
};

}  // namespace

Task<Result<std::unique_ptr<ports::UpstreamAnswer>>> HttpClient::send(const ports::UpstreamCall& call) {
  return call.stream == nullptr ? send_held(call) : send_streamed(call);
}

Task<HttpClient::Sent> HttpClient::send_held(const ports::UpstreamCall& call) {
  UpstreamConnection connection = pool_.take(*call.address);
  if (connection.socket != nullptr) {
    Attempt pooled = co_await try_on(call, std::move(connection));
    if (!pooled.was_stale) co_return std::move(pooled.sent);
  }
  Sent sent = co_await send_afresh(call);
  co_return sent;
}

Task<HttpClient::Sent> HttpClient::send_streamed(const ports::UpstreamCall& call) {
  const Result<std::string_view> first = co_await call.stream->next();
  if (!first) co_return fail(first.error());
  ports::UpstreamCall begun = call;
  if (!call.stream->has_ended()) {
    Begun source(*first, *call.stream);
    begun.stream = &source;
    Sent sent = co_await send_afresh(begun);
    co_return sent;
  }
  const std::string whole(*first);
  const Result<std::string_view> end = co_await call.stream->next();  // what it lent goes back
  if (!end) co_return fail(end.error());
  const std::array<std::string_view, 1> body = {whole};
  begun.body = body;
  begun.stream = nullptr;
  Sent sent = co_await send_held(begun);
  co_return sent;
}

Task<HttpClient::Sent> HttpClient::send_afresh(const ports::UpstreamCall& call) {
  if (is_closed_) co_return fail(ports::gateway_is_stopping());
  const bool is_impatient = call.head_timeout > Duration(0) && call.head_timeout < limits_.connect_timeout;
  const Duration patience = is_impatient ? call.head_timeout : limits_.connect_timeout;
  const DialLimits dial_limits{loop_.now() + patience, call.cancel};
  auto dialled = co_await dialer_.dial(loop_, call.address->host, call.address->port, call.address->tls, dial_limits);
  if (!dialled) co_return fail(std::move(dialled.error()));
  Attempt fresh = co_await try_on(call, UpstreamConnection{pool_.origin_of(*call.address), std::move(*dialled), false});
  co_return std::move(fresh.sent);
}

void HttpClient::close_all() {
  is_closed_ = true;
  live_.break_off_all();
}

HttpClient::Attempt HttpClient::lost(const ports::UpstreamCall& call, const IncomingAnswer& answer, Fault fault) {
  const bool stale = fault.kind == FaultKind::broken && answer.was_stale();
  if (!stale) call.note_left();
  return {fail(std::move(fault)), stale};
}

// The request out, the answer's head in. Of the call nothing but its cancel signal is used after it.
Task<HttpClient::Attempt> HttpClient::try_on(const ports::UpstreamCall& call, UpstreamConnection connection) {
  if (is_closed_) co_return Attempt{fail(ports::gateway_is_stopping()), false};
  auto answer = std::make_unique<IncomingAnswer>(pool_, buffers_, std::move(connection));
  live_.add(*answer);
  bool request_is_complete = false;
  {
    RequestUpload upload(answer->socket(), call);
    Result<void> headed = co_await answer->receive_head(call, upload);
    // A refusal is final: what is left of the body would be sent for nothing. Anything else wants all of it.
    if (headed && answer->head().status < 300) co_await upload.end();
    if (upload.fault()) co_return lost(call, *answer, *upload.fault());
    if (!headed) co_return lost(call, *answer, std::move(headed.error()));
    request_is_complete = upload.is_complete();
  }
  call.note_left();
  answer->begin_body(call, request_is_complete);
  co_return Attempt{Sent(std::move(answer)), false};
}

}  // namespace obleth::adapters
