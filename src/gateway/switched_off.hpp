// What a request is told that waited while its key, its tenant or its model was switched off. Connection's thread.
#pragma once

#include "gateway/refuse.hpp"
#include "gateway/request_states.hpp"
#include "ports/key_directory.hpp"
#include "ports/model_catalog.hpp"

namespace obleth::gateway {

struct SwitchOffSources {
  ports::KeyDirectory& keys;
  const ports::ModelCatalog& catalog;
};

// The same that the request would be told if it came now; key_disabled where nothing is known to be off any more.
Task<Refusal> switch_off_refusal(const Routed& request, SwitchOffSources sources);

}  // namespace obleth::gateway
