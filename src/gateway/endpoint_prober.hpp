// Asks endpoints that no traffic answers for whether they live: /health, or GET /v1/models. One loop's thread.
#pragma once

#include "base/cancel_signal.hpp"
#include "gateway/endpoint_desk.hpp"
#include "ports/loop.hpp"
#include "ports/model_catalog.hpp"
#include "ports/upstream.hpp"

namespace obleth::gateway {

inline constexpr Duration probe_period = std::chrono::seconds(10);
inline constexpr Duration probe_timeout = std::chrono::seconds(5);

struct ProbeTools {
  ports::Loop& loop;
  ports::Upstream& upstream;
  EndpointDesk& endpoints;
  CancelSignal& stop;
};

// One round over all endpoints of all enabled models, each asked by itself: one that is silent holds up no other.
// Returns at once; what tools refer to outlives the probes.
void probe_endpoints(ProbeTools tools, const ports::ModelCatalog& catalog);

}  // namespace obleth::gateway
