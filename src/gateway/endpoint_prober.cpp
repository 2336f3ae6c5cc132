#include "gateway/endpoint_prober.hpp"

#include <memory>
#include <string>
#include <utility>

namespace obleth::gateway {
namespace {

// The status of one GET; 0 when no answer came.
Task<int> ask(ports::Upstream& upstream, const UpstreamAddress& address, std::string path) {
  const std::string head = "GET " + join_target(address, path) + " HTTP/1.1\r\nHost: " + address.authority +
                           "\r\nVia: 1.1 obleth\r\nAccept: */*\r\n\r\n";
  const ports::UpstreamCall call{
      .address = &address, .head = head, .head_timeout = probe_timeout, .idle_timeout = probe_timeout};
  const Result<std::unique_ptr<ports::UpstreamAnswer>> answer = co_await upstream.send(call);
  if (!answer) co_return 0;
  const int status = (*answer)->head().status;
  // Read to its end, so that the connection goes back to the pool.
  while (true) {
    const Result<std::string_view> piece = co_await (*answer)->read();
    if (!piece || piece->empty()) break;
  }
  co_return status;
}

// A server without /health says 404: then its models are asked for. 401 and 403 are answers of a living server.
Task<bool> is_alive(ports::Upstream& upstream, const UpstreamAddress& address) {
  int status = co_await ask(upstream, address, "/health");
  if (status == 404 || status == 405) status = co_await ask(upstream, address, "/v1/models");
  co_return status >= 200 && status < 500;
}

}  // namespace

Task<void> probe_endpoints(ports::Loop& loop, const ports::ModelCatalog& catalog, ports::Upstream& upstream,
                           EndpointDesk& endpoints) {
  const auto snapshot = catalog.snapshot();
  if (!snapshot) co_return;
  for (const auto& model : snapshot->models()) {
    if (!model->enabled) continue;
    for (const Endpoint& endpoint : model->endpoints) {
      if (!endpoint.enabled || endpoints.answered_since(endpoint.id, loop.now() - probe_period)) continue;
      const auto address = parse_upstream_address(endpoint.api_base);
      if (!address) continue;
      const bool alive = co_await is_alive(upstream, *address);
      endpoints.note_probe(endpoint.id, alive, loop.now());
    }
  }
}

}  // namespace obleth::gateway
