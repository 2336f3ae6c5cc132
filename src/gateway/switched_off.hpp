// What a request is told that waited while its key, its tenant or its model was switched off. Connection's thread.
#pragma once

#include <memory>

#include "gateway/refuse.hpp"
#include "ports/key_directory.hpp"
#include "ports/loop.hpp"
#include "ports/model_catalog.hpp"

namespace obleth::gateway {

struct SwitchOffSources {
  ports::KeyDirectory& keys;
  const ports::ModelCatalog& catalog;
  ports::Loop& loop;
};

// The same that the request would be told if it came now; refusal itself where nothing is known to be off any more.
// model: what it asked for; null: the default upstream's.
Task<Refusal> tell_switch_off(Refusal refusal, const ports::ClientExchange& exchange,
                              std::shared_ptr<const Model> model, SwitchOffSources sources);

}  // namespace obleth::gateway
