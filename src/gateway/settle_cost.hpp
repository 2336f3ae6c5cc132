// Stage 11, settle: exactly once, whatever the ending. Slot, budget and the learned history get the truth. Connection's
// thread.
#pragma once

#include "gateway/estimates.hpp"
#include "gateway/request_states.hpp"

namespace obleth::gateway {

// Fills in the record's tokens, cost and times.
[[nodiscard]] Settled settle_cost(Relayed relayed, Estimates& estimates);

// Of a request that no upstream answered: nothing is billed, and the record tells what its slot took.
void settle_failed(Softened& softened);

}  // namespace obleth::gateway
