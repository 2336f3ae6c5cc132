// Stage 3, resolve: which model is asked for, and may this key use it? Reads the body where the route needs it.
#pragma once

#include "gateway/body_memory.hpp"
#include "gateway/policy.hpp"
#include "gateway/refuse.hpp"
#include "gateway/request_states.hpp"
#include "ports/model_catalog.hpp"

namespace obleth::gateway {

struct ModelSources {
  const ports::ModelCatalog& catalog;
  BodyMemory& memory;
  const Policy& policy;
};

Task<Outcome<Routed>> resolve_model(Identified&& identified, ModelSources sources);
Task<Outcome<Routed>> resolve_model(Routed&& again, ModelSources sources) = delete;

// The whole body, at most bytes_max of it; the lease grows with what is held.
Task<Outcome<std::string>> collect_body(ports::ClientExchange& exchange, BodyMemory::Lease& lease,
                                        std::uint64_t bytes_max);
[[nodiscard]] Refusal body_memory_full();

// The lists of tenant and key both have to name it: by the name that the client sent, the model's own, or an alias.
[[nodiscard]] bool may_use_model(const ResolvedKey& who, std::string_view requested, const Model* model);
[[nodiscard]] bool has_allow_list(const ResolvedKey& who);

}  // namespace obleth::gateway
