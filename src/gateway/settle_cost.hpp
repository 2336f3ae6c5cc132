// Stage 11, settle: exactly once, whatever the ending. Slot, budget and the learned history get the truth. Connection's
// thread.
#pragma once

#include "gateway/estimates.hpp"
#include "gateway/refuse.hpp"
#include "gateway/request_states.hpp"

namespace obleth::gateway {

// Fills in the record's tokens, cost and times.
[[nodiscard]] Settled settle_cost(Relayed&& relayed, Estimates& estimates);

// Of a request that no upstream answered: nothing is billed, and the record tells what its slot took. Gives the refusal
// back, marked as one of a request that was admitted.
[[nodiscard]] Refusal settle_failed(Softened& softened, Refusal refusal);

}  // namespace obleth::gateway
