#include "adapters/http_client/http_client.hpp"

#include <utility>

namespace obleth::adapters {
Task<Result<std::unique_ptr<ports::UpstreamAnswer>>> HttpClient::send(const ports::UpstreamCall& call) {
  const bool repeatable = call.replayable && call.stream == nullptr;
  UpstreamConnection connection =
      pool_.take(*call.address, repeatable ? limits_.pool.idle_lifetime : limits_.recently_used);
  if (connection.socket != nullptr) {
    Attempt pooled = co_await try_on(call, std::move(connection));
    if (!pooled.was_stale || !repeatable) co_return std::move(pooled.sent);
  }

  if (is_closed_) co_return fail(ports::gateway_is_stopping());
  const DialLimits dial_limits{loop_.now() + limits_.connect_timeout, call.cancel};
  auto dialled = co_await dialer_.dial(loop_, call.address->host, call.address->port, call.address->tls, dial_limits);
  if (!dialled) co_return fail(std::move(dialled.error()));
  Attempt fresh = co_await try_on(call, UpstreamConnection{pool_.origin_of(*call.address), std::move(*dialled), false});
  co_return std::move(fresh.sent);
}

void HttpClient::close_all() {
  is_closed_ = true;
  live_.break_off_all();
}

HttpClient::Attempt HttpClient::lost(const IncomingAnswer& answer, Fault fault) {
  const bool stale = fault.kind == FaultKind::broken && answer.was_stale();
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
    if (upload.fault()) co_return lost(*answer, *upload.fault());
    if (!headed) co_return lost(*answer, std::move(headed.error()));
    request_is_complete = upload.is_complete();
  }
  answer->begin_body(call, request_is_complete);
  co_return Attempt{Sent(std::move(answer)), false};
}

}  // namespace obleth::adapters
