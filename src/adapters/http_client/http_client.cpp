#include "adapters/http_client/http_client.hpp"

#include <utility>

namespace obleth::adapters {
Task<Result<std::unique_ptr<ports::UpstreamAnswer>>> HttpClient::send(const ports::UpstreamCall& call) {
  const bool repeatable = call.replayable && call.stream == nullptr;
  UpstreamConnection connection =
      pool_.take(*call.address, repeatable ? limits_.pool.idle_lifetime : limits_.recently_used);
  const std::shared_ptr<UpstreamOrigin> origin = connection.origin;
  if (connection.socket != nullptr) {
    Attempt pooled = co_await try_on(call, std::move(connection));
    if (!pooled.was_stale || !repeatable) co_return std::move(pooled.sent);
  }

  if (is_closed_) co_return fail(ports::gateway_is_stopping());
  const DialLimits dial_limits{loop_.now() + limits_.connect_timeout, call.cancel};
  auto dialled = co_await dialer_.dial(loop_, call.address->host, call.address->port, call.address->tls, dial_limits);
  if (!dialled) co_return fail(std::move(dialled.error()));
  Attempt fresh = co_await try_on(call, UpstreamConnection{origin, std::move(*dialled), false});
  co_return std::move(fresh.sent);
}

void HttpClient::close_all() {
  is_closed_ = true;
  live_.break_off_all();
}

Task<HttpClient::Attempt> HttpClient::try_on(const ports::UpstreamCall& call, UpstreamConnection connection) {
  if (is_closed_) co_return Attempt{fail(ports::gateway_is_stopping()), false};
  auto answer = std::make_unique<IncomingAnswer>(pool_, buffers_, std::move(connection));
  live_.add(*answer);
  Result<void> headed = co_await exchange_heads(call, *answer);
  if (!headed) {
    const bool stale = headed.error().kind == FaultKind::broken && answer->was_stale();
    co_return Attempt{fail(std::move(headed.error())), stale};
  }
  co_return Attempt{Sent(std::move(answer)), false};
}

// The request out, the answer's head in. Nothing of the call is used after it.
Task<Result<void>> HttpClient::exchange_heads(const ports::UpstreamCall& call, IncomingAnswer& answer) {
  bool request_is_complete = false;
  {
    RequestUpload upload(answer.socket(), call);
    Result<void> headed = co_await answer.receive_head(call, upload);
    if (upload.fault()) co_return fail(*upload.fault());
    if (!headed) co_return headed;
    // A refusal is final: what is left of the body would be sent for nothing. Anything else wants all of it.
    const bool wants_rest = answer.head().status < 300;
    if (wants_rest) {
      co_await upload.end();
      if (upload.fault()) co_return fail(*upload.fault());
    }
    request_is_complete = upload.is_complete();
  }
  answer.begin_body(call, request_is_complete);
  co_return Result<void>{};
}

}  // namespace obleth::adapters
