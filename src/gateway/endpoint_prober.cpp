#include "gateway/endpoint_prober.hpp"

#include <memory>
#include <string>
#include <utility>

namespace obleth::gateway {
namespace {

// The status of one GET; 0 when no answer came.
Task<int> ask(ProbeTools tools, const UpstreamAddress& address, std::string path) {
  const std::string head = "GET " + join_target(address, path) + " HTTP/1.1\r\nHost: " + address.authority +
                           "\r\nVia: 1.1 obleth\r\nAccept: */*\r\n\r\n";
  const ports::UpstreamCall call{.address = &address,
                                 .head = head,
                                 .head_timeout = probe_timeout,
                                 .idle_timeout = probe_timeout,
                                 .cancel = &tools.stop};
  const Result<std::unique_ptr<ports::UpstreamAnswer>> answer = co_await tools.upstream.send(call);
  if (!answer) co_return 0;
  const int status = (*answer)->head().status;
  // Read to its end, so that the connection goes back to the pool; what has none, or is slow with it, is cut.
  const Instant cut_at = tools.loop.now() + probe_timeout;
  while (tools.loop.now() < cut_at) {
    const Result<std::string_view> piece = co_await (*answer)->read();
    if (!piece || piece->empty()) break;
  }
  co_return status;
}

// A server without /health says 404: then its models are asked for. 401 and 403 are answers of a living server.
Task<void> probe(ProbeTools tools, EndpointId endpoint, UpstreamAddress address) {
  int status = co_await ask(tools, address, "/health");
  if (status == 404 || status == 405) status = co_await ask(tools, address, "/v1/models");
  if (tools.stop.fired()) co_return;
  tools.endpoints.note_probe(endpoint, status >= 200 && status < 500, tools.loop.now());
}

}  // namespace

void probe_endpoints(ProbeTools tools, const ports::ModelCatalog& catalog) {
  const auto snapshot = catalog.snapshot();
  if (!snapshot) return;
  for (const auto& model : snapshot->models()) {
    if (!model->enabled) continue;
    tools.endpoints.look_at(*model, tools.loop.now());  // after the round before
    for (const Endpoint& endpoint : model->endpoints) {
      if (!endpoint.enabled || tools.endpoints.answered_since(endpoint.id, tools.loop.now() - probe_period)) continue;
      auto address = parse_upstream_address(endpoint.api_base);
      if (address) spawn(probe(tools, endpoint.id, std::move(*address)));
    }
  }
}

}  // namespace obleth::gateway
