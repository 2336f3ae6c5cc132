// Stage 10, relay: every upstream byte reaches the client as it arrives, and is looked at on its way for usage.
//
// At most one read of the upstream is held; a slow client holds up the upstream. Connection's thread.
#pragma once

#include "gateway/policy.hpp"
#include "gateway/refuse.hpp"
#include "gateway/request_states.hpp"

namespace obleth::gateway {

// Refuses only what the upstream broke off before a byte of it went to the client; what goes wrong later is an ending.
// What ends the answer is left unsent, for after the settling.
Task<Outcome<Relayed>> relay_reply(Answered&& answered, const Policy& policy);

}  // namespace obleth::gateway
