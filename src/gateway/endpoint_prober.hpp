// Asks endpoints that no traffic answers for whether they live: /health, or GET /v1/models. One loop's thread.
#pragma once

#include "gateway/endpoint_desk.hpp"
#include "ports/loop.hpp"
#include "ports/model_catalog.hpp"
#include "ports/upstream.hpp"

namespace obleth::gateway {

inline constexpr Duration probe_period = std::chrono::seconds(10);
inline constexpr Duration probe_timeout = std::chrono::seconds(5);

// One round over all endpoints of all enabled models.
Task<void> probe_endpoints(ports::Loop& loop, const ports::ModelCatalog& catalog, ports::Upstream& upstream,
                           EndpointDesk& endpoints);

}  // namespace obleth::gateway
