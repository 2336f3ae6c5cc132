// GET /v1/models and /v1/models/{id}: the default upstream's list and the registry's, as the key may see them.
//
// Takes no slot and no tokens. The upstream down or none: the registry alone. Connection's thread.
#pragma once

#include "gateway/policy.hpp"
#include "gateway/refuse.hpp"
#include "gateway/request_states.hpp"
#include "ports/model_catalog.hpp"
#include "ports/upstream.hpp"

namespace obleth::gateway {

struct ModelSourcesOfList {
  const ports::ModelCatalog& catalog;
  ports::Upstream& upstream;
  const Policy& policy;
};

// The answer's JSON.
Task<Outcome<std::string>> list_models(const Identified& identified, ModelSourcesOfList sources);

}  // namespace obleth::gateway
