// What became of a request's key, tenant and model while it waited: it goes by what they are now, or is told that they
// were switched off, or closed to it. Connection's thread.
#pragma once

#include <memory>

#include "gateway/refuse.hpp"
#include "gateway/request_states.hpp"
#include "ports/key_directory.hpp"
#include "ports/model_catalog.hpp"

namespace obleth::gateway {

struct SwitchOffSources {
  ports::KeyDirectory& keys;
  const ports::ModelCatalog& catalog;
};

// The request's model as it is registered now, whatever it is called; null: the default upstream. A refusal: it is
// deleted, or switched off.
[[nodiscard]] Outcome<std::shared_ptr<const Model>> present_model(const Routed& request,
                                                                  const ports::ModelCatalog& catalog);
// The same of one that waited, or what key, tenant and model would refuse if it came now, as far as is known.
Task<Outcome<std::shared_ptr<const Model>>> present_turn(const Routed& request, SwitchOffSources sources);
// What one is told that was refused in the queue; key_disabled where nothing is known to be off any more.
Task<Refusal> switch_off_refusal(const Routed& request, SwitchOffSources sources);

}  // namespace obleth::gateway
