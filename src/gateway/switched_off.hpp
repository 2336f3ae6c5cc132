// What a request is told that waited while its key, its tenant or its model was switched off, or closed to it.
// Connection's thread.
#pragma once

#include <optional>

#include "gateway/refuse.hpp"
#include "gateway/request_states.hpp"
#include "ports/key_directory.hpp"
#include "ports/model_catalog.hpp"

namespace obleth::gateway {

struct SwitchOffSources {
  ports::KeyDirectory& keys;
  const ports::ModelCatalog& catalog;
};

// What key, tenant and model would refuse if the request came now; nothing: they would let it in, as far as is known.
Task<std::optional<Refusal>> present_refusal(const Routed& request, SwitchOffSources sources);
// The same of one that was refused in the queue; key_disabled where nothing is known to be off any more.
Task<Refusal> switch_off_refusal(const Routed& request, SwitchOffSources sources);

}  // namespace obleth::gateway
