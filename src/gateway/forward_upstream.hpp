// Stage 9, forward: to an endpoint, and to the next one while no byte has gone to the client. Connection's thread.
#pragma once

#include <memory>

#include "gateway/endpoint_desk.hpp"
#include "gateway/policy.hpp"
#include "gateway/refuse.hpp"
#include "gateway/request_states.hpp"
#include "observe/metrics.hpp"
#include "ports/model_catalog.hpp"
#include "ports/upstream.hpp"

namespace obleth::gateway {

struct UpstreamDoors {
  ports::Upstream& upstream;
  EndpointDesk& endpoints;
  const Policy& policy;
  observe::Metrics& metrics;
  const ports::ModelCatalog& catalog;  // asked again before another try
};

// What will be told of the upstream's head, copied out of it.
[[nodiscard]] AnswerHead read_answer_head(const ResponseHead& head);

// Takes only an admitted request. Reservation and permit are kept over retries; the tenant is charged once.
Task<Outcome<Answered>> forward_upstream(std::unique_ptr<Softened> softened, UpstreamDoors doors);

}  // namespace obleth::gateway
