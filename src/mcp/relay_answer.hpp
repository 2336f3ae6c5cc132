// What the server answers goes to the client as it arrives, at the latest once it is known to be allowed. Connection's
// thread.
#pragma once

#include "gateway/body_memory.hpp"
#include "gateway/refuse.hpp"
#include "mcp/caller_watch.hpp"
#include "mcp/session_binding.hpp"

namespace obleth::mcp {

struct RelaySources {
  gateway::BodyMemory& memory;
  SessionSources sessions;
  CallerSources callers;
  CancelSignal& draining;  // streams that wait for news alone end: their clients open them elsewhere
};

// The end of the answer is still to be written. A server that breaks a stream off leaves errors for what it owes.
Task<gateway::Outcome<gateway::Settled>> relay_answer(Answered answered, RelaySources sources);

}  // namespace obleth::mcp
