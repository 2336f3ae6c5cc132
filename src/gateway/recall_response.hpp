// Stage 4, recall: was the same asked before, and is the answer still there? Connection's thread.
//
// The same: of one tenant, for one model as it is set now, at one path, with the same bytes of the body once the
// upstream's name for the model stands in it.
#pragma once

#include <memory>

#include "gateway/body_memory.hpp"
#include "gateway/policy.hpp"
#include "gateway/request_states.hpp"
#include "ports/digest.hpp"
#include "ports/response_cache.hpp"

namespace obleth::gateway {

// What the stage asks. Shared by all threads.
struct ResponseMemory {
  ports::ResponseCache& cache;
  const ports::Digest& digest;
  BodyMemory& captures;  // for answers that are on their way into the cache
};

// Nothing is asked where the model has no cache; then what comes back is as it was.
[[nodiscard]] Recalled note_question(Routed&& routed, const ResponseMemory& memory);
Recalled note_question(Recalled&& again, const ResponseMemory& memory) = delete;

// Asks for what note_question found worth asking. Null: nothing is known, and the request goes its way.
Task<std::shared_ptr<const ports::KeptAnswer>> recall_response(const Recalled& recalled, const ResponseMemory& memory);

// The answer once more: no turn, no budget, no cost. Fills in the record.
[[nodiscard]] Settled replay_response(Recalled&& recalled, std::shared_ptr<const ports::KeptAnswer> kept,
                                      const Policy& policy);

}  // namespace obleth::gateway
